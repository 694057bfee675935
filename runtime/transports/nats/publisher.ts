import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { systemClock } from '../../clock.js';
import { AgentRpcError } from '../../errors.js';
import type { NatsLink } from './link.js';

/** Publishes by the core of NATS, and finds out what became of it. */
export interface Publisher {
  /**
   * Resolves when a server has the message, or has answered it where `confirm` is given. Rejects as a connection's
   * `publish` does.
   */
  publish(subject: string, bytes: Uint8Array, options?: PublishOptions): Promise<void>;
  /** Whether anybody reads the subject. Whoever does gets a message without bytes. */
  isRead(subject: string): Promise<boolean>;
  /** Ends what is on its way: nobody knows whether it has arrived. */
  lose(): void;
  /** Ends what is on its way to a subject that the servers refuse. */
  refuse(subject: string): void;
  /** As `lose`, and leaves no timer. */
  close(): void;
}

export interface PublishOptions {
  /** Rejects with EAGENTRPC_NO_RESPONDER where nobody reads the subject. */
  readonly isAsked?: boolean;
  /** Somebody waits for it to resolve, not only for it to fail. */
  readonly isUrgent?: boolean;
  /** Waits for an answer, of which this says what is wrong; undefined where nothing is. */
  readonly confirm?: ((answer: Uint8Array) => AgentRpcError | undefined) | undefined;
  readonly headers?: MsgHdrs | undefined;
}

/** A message on its way. */
interface Sent {
  readonly subject: string;
  /** Where the servers say what they have to say of it; undefined where they are not asked. */
  readonly token: string | undefined;
  readonly confirm: PublishOptions['confirm'];
  readonly resolve: () => void;
  readonly reject: (error: AgentRpcError) => void;
  isOpen: boolean;
}

/** What a server says of a message that nobody reads. */
const NO_RESPONDERS = 503;
/** How long an answer is waited for at least; twice that at most. */
const CONFIRMED_WITHIN_MS = 5_000;
/** How long what is not urgent may wait for others to share its ping. */
const PING_WITHIN_MS = 10;
/** How many subjects are remembered that the servers have let this connection publish to. */
const MAX_KNOWN = 10_000;
/**
 * How long a subject may be. It is one of several parts of a line of which a server takes 4,096 bytes; on a longer one it
 * ends the connection, for everything that goes by it. Some subjects are named by others.
 */
const MAX_SUBJECT_BYTES = 1_024;

/**
 * A server tells nothing of what it has taken, and of what nobody reads only where a message names a subject to say so
 * on. But it answers in turn: when it has answered a ping, it has the messages before, and has said what is to be said
 * of them. There is one ping on its way at most, so that many messages share one.
 *
 * Of a message that nothing is asked about there is one thing to be told: that the servers refuse its subject. Where they
 * have not, it is not waited for the next time: all that goes by this connection arrives in turn, or is lost with it.
 */
export function createPublisher(link: NatsLink, statusSubject: string): Publisher {
  const { client } = link;
  const asked = new Map<string, Sent>();
  const known = new Set<string>();
  /** Those before the ping that is on its way, and those after it. */
  let pinged: Sent[] = [];
  let waiting: Sent[] = [];
  let isPinging = false;
  let isUrgent = false;
  let cancelPing: (() => void) | undefined;
  let count = 0;
  /** Those that an answer is waited for. */
  const unconfirmed = createPatience<Sent>(CONFIRMED_WITHIN_MS, (sent) => {
    settle(sent, maybe(`The NATS server has not confirmed what was published to ${sent.subject}.`));
  });

  const settle = (sent: Sent, error?: AgentRpcError): void => {
    if (!sent.isOpen) return;
    sent.isOpen = false;
    if (sent.token !== undefined) asked.delete(sent.token);
    if (sent.confirm !== undefined) unconfirmed.delete(sent);
    if (error === undefined) sent.resolve();
    else sent.reject(error);
  };

  const onAnswer = (error: Error | null, message: Msg): void => {
    const sent = error === null ? asked.get(message.subject) : undefined;
    if (sent === undefined) return;
    if (message.headers?.code === NO_RESPONDERS && message.data.length === 0) {
      settle(sent, failOf('EAGENTRPC_NO_RESPONDER', `Nobody listens on ${sent.subject}.`));
    } else if (sent.confirm !== undefined) {
      settle(sent, sent.confirm(message.data));
    }
  };

  const ping = (): void => {
    isUrgent = false;
    pinged = waiting;
    waiting = [];
    client.flush().then(
      // A refusal comes before the answer, and takes some more steps.
      () => process.nextTick(onPong),
      () => {
        isPinging = false;
      },
    );
  };

  const onPong = (): void => {
    for (const sent of pinged) {
      if (sent.isOpen && sent.token === undefined) remember(sent.subject);
      settle(sent);
    }
    pinged = [];
    isPinging = false;
    if (waiting.length > 0) schedulePing();
  };

  const remember = (subject: string): void => {
    if (known.size >= MAX_KNOWN) known.clear();
    known.add(subject);
  };

  const schedulePing = (): void => {
    if (isPinging) return;
    if (isUrgent) {
      isPinging = true;
      cancelPing?.();
      cancelPing = undefined;
      queueMicrotask(ping);
      return;
    }
    cancelPing ??= systemClock.setTimer(PING_WITHIN_MS, () => {
      cancelPing = undefined;
      isPinging = true;
      ping();
    });
  };

  const publish: Publisher['publish'] = (subject, bytes, options = {}) =>
    new Promise((resolve, reject) => {
      const { isAsked = false, confirm, headers } = options;
      const cause = link.lost();
      if (cause !== undefined) {
        reject(failOf('EAGENTRPC_PUBLISH_FAILED', 'The connection to the NATS server is lost.', { cause }));
        return;
      }
      if (Buffer.byteLength(subject) > MAX_SUBJECT_BYTES) {
        const text = `A subject of ${subject.length} characters is too long; ${MAX_SUBJECT_BYTES} bytes are the most.`;
        reject(failOf('EAGENTRPC_PUBLISH_FAILED', text));
        return;
      }
      const isTold = isAsked || confirm !== undefined;
      const token = isTold ? `${statusSubject}.${(count++).toString(36)}` : undefined;
      const isKnown = !isTold && known.has(subject);
      if (confirm === undefined && !isKnown) {
        isUrgent ||= options.isUrgent === true;
        // Before the message is sent, so that an urgent ping goes with it.
        schedulePing();
      }
      try {
        client.publish(subject, bytes, { ...(token !== undefined && { reply: token }), ...(headers && { headers }) });
      } catch (cause) {
        reject(failOf('EAGENTRPC_PUBLISH_FAILED', `The NATS client does not take it for ${subject}.`, { cause }));
        return;
      }
      if (isKnown) {
        resolve();
        return;
      }
      const sent: Sent = { subject, token, confirm, resolve, reject, isOpen: true };
      if (token !== undefined) asked.set(token, sent);
      if (confirm === undefined) waiting.push(sent);
      else unconfirmed.add(sent);
    });

  const onTheirWay = (): Sent[] => [...pinged, ...waiting, ...unconfirmed.all()];

  const lose = (): void => {
    for (const sent of onTheirWay()) settle(sent, maybe('The connection to the NATS server was lost meanwhile.'));
    pinged = [];
    waiting = [];
    known.clear();
    cancelPing?.();
    cancelPing = undefined;
    isPinging = false;
  };

  client.subscribe(`${statusSubject}.*`, { callback: onAnswer });
  return {
    publish,
    async isRead(subject) {
      try {
        await publish(subject, new Uint8Array(), { isAsked: true, isUrgent: true });
        return true;
      } catch (error) {
        if (error instanceof AgentRpcError && error.code === 'EAGENTRPC_NO_RESPONDER') return false;
        throw error;
      }
    },
    lose,
    refuse(subject) {
      const text = `The NATS server does not let this agent publish to ${subject}.`;
      for (const sent of onTheirWay()) {
        if (sent.subject === subject) settle(sent, failOf('EAGENTRPC_PUBLISH_FAILED', text));
      }
    },
    close() {
      lose();
      unconfirmed.end();
    },
  };
}

/** What is waited for, by one timer for all. */
interface Patience<Item> {
  add(item: Item): void;
  delete(item: Item): void;
  all(): Item[];
  end(): void;
}

/** Calls `onLate` for what is still there after `ms`, and before twice that. Has a timer only while there is something. */
function createPatience<Item>(ms: number, onLate: (item: Item) => void): Patience<Item> {
  let older = new Set<Item>();
  let newer = new Set<Item>();
  let cancel: (() => void) | undefined;

  const tick = (): void => {
    for (const item of older) onLate(item);
    older = newer;
    newer = new Set();
    cancel = older.size === 0 ? undefined : systemClock.setTimer(ms, tick);
  };

  return {
    add(item) {
      newer.add(item);
      cancel ??= systemClock.setTimer(ms, tick);
    },
    delete(item) {
      if (!newer.delete(item)) older.delete(item);
    },
    all: () => [...older, ...newer],
    end() {
      cancel?.();
      cancel = undefined;
    },
  };
}

function maybe(message: string): AgentRpcError {
  return failOf('EAGENTRPC_PUBLISH_FAILED', message, { executed: 'maybe' });
}

function failOf(
  code: 'EAGENTRPC_NO_RESPONDER' | 'EAGENTRPC_PUBLISH_FAILED',
  message: string,
  more: { readonly executed?: 'maybe'; readonly cause?: unknown } = {},
): AgentRpcError {
  return new AgentRpcError({ code, message, ...more });
}

/** What is wrong with what a stream says of a message that was published to it. */
export function readStored(answer: Uint8Array): AgentRpcError | undefined {
  const error = readError(answer);
  if (error === undefined) return undefined;
  const { description } = error;
  if (/^maximum (?:messages|bytes|messages per subject) exceeded/.test(description)) {
    const message = 'The stream holds as many requests as it may.';
    return new AgentRpcError({ code: 'EAGENTRPC_BUSY', message, details: { retryAfterMs: 1_000 } });
  }
  return new AgentRpcError({
    code: 'EAGENTRPC_PUBLISH_FAILED',
    message: `The stream does not take it: ${description}.`,
  });
}

/** What a stream says is wrong; undefined where nothing is. */
export function readError(answer: Uint8Array): { readonly code: unknown; readonly description: string } | undefined {
  try {
    const { error } = JSON.parse(Buffer.from(answer).toString());
    return error ? { code: error.err_code, description: String(error.description) } : undefined;
  } catch {
    // Someone else who reads the subject has answered, as it may.
    return undefined;
  }
}
