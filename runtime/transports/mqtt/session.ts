import type { Writable } from 'node:stream';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Clock } from '../../clock.js';
import { gatherWrites } from '../../gathered-writes.js';
import type { OutgoingMessage } from '../../transport.js';
import { type Properties, probeProperties, propertiesOf } from './properties.js';
import {
  busy,
  explainLoss,
  FIRST_FAILURE,
  findRefusal,
  NO_MATCHING_SUBSCRIBERS,
  publishFailed,
  type ReasonWords,
  tooLarge,
  wordsOf,
} from './reasons.js';
import { isTopic } from './topic.js';

/** A message that has come. */
export interface Arrival {
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly properties: Properties | undefined;
  /** Whether the broker had kept it for those who come later. */
  readonly isRetained: boolean;
  /** Whether the broker has sent it before. */
  readonly isDuplicate: boolean;
}

/** One connection to the broker, until it is lost. */
export interface Session {
  /** Resolves when it is lost, or ended, with the reason. */
  readonly over: Promise<Error>;
  isOver(): boolean;
  /** Resolves when the broker has the message; rejects with an AgentRpcError. */
  publish(message: OutgoingMessage, replyTopic: string | undefined): Promise<void>;
  /** Whether the broker says that somebody reads a topic, or cannot tell; never rejects. */
  isRead(topic: string): Promise<boolean>;
  /** Resolves when the broker sends what is published from now on. */
  subscribe(filter: string): Promise<void>;
  /** Resolves when the broker sends no more, or the connection is lost; never rejects. */
  unsubscribe(filter: string): Promise<void>;
  /** Takes leave of the broker if that does not take long, and leaves nothing open. */
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly driver: {
    readonly connect: (options: IClientOptions) => MqttClient;
    readonly ReasonCodes: ReasonWords;
  };
  readonly options: IClientOptions;
  /** Where the broker is, in words. */
  readonly place: string;
  readonly clock: Clock;
  readonly arrive: (arrival: Arrival) => void;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** How many messages may be unconfirmed, where the broker takes that many: what is more waits here. */
const MOST_UNCONFIRMED = 256;
const MOST_WAITING = 10_000;
/** How long leave may take. */
const LEAVE_MS = 1_000;
/** What a packet needs besides its topics and ids. */
const PACKET_OVERHEAD = 100;

interface Publication {
  readonly message: OutgoingMessage;
  readonly replyTopic: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** When nobody waits for it any more. */
  readonly expiresAt: number;
}

/**
 * Connects. A client library's client is used for one connection and then dropped, so that what it remembers of one is
 * never sent on the next.
 *
 * @throws Error that says in a sentence why there is no connection
 */
export function openSession({ driver, options, place, clock, arrive, signal }: SessionOptions): Promise<Session> {
  const words = driver.ReasonCodes;
  return new Promise((resolve, reject) => {
    const client = start(driver, options, place);
    let failure: Error | undefined;
    let session: OpenSession | undefined;

    const abort = (): void => void client.stream.destroy();
    const fail = (error: Error): void => {
      failure ??= error;
      abort();
    };
    client.on('error', fail);
    // The client passes on only some of these.
    client.stream.on('error', fail);
    client.on('disconnect', ({ reasonCode = 0 }) =>
      fail(Object.assign(new Error('disconnected'), { code: reasonCode })),
    );
    client.on('close', () => {
      signal.removeEventListener('abort', abort);
      const reason = explainLoss(place, failure, session !== undefined, words);
      if (session === undefined) reject(reason);
      else session.lose(reason);
    });
    client.on('message', (topic, payload, { properties, retain, dup }) =>
      arrive({ topic, bytes: payload, properties, isRetained: retain, isDuplicate: dup }),
    );
    client.on('connect', ({ properties = {} }) => {
      const {
        receiveMaximum = MOST_UNCONFIRMED,
        maximumPacketSize = Number.POSITIVE_INFINITY,
        maximumQoS,
      } = properties;
      if (maximumQoS === 0) return fail(Object.assign(new Error('no QoS 1'), { code: 0x9b }));
      signal.removeEventListener('abort', abort);
      // One is left for a question.
      const window = Math.max(1, Math.min(receiveMaximum - 1, MOST_UNCONFIRMED));
      session = createSession({ client, clock, words, window, maximumPacketSize });
      resolve(session);
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    setNoDelay(client.stream);
    // The client handles each packet in a tick of its own: what follows from all that have come is sent together.
    // biome-ignore lint/style/noRestrictedGlobals: this is no time, but the end of what the socket has brought.
    gatherWrites(client.stream as Writable, (flush) => setImmediate(flush));
  });
}

/** @throws Error for certificates that are none */
function start({ connect, ReasonCodes }: SessionOptions['driver'], options: IClientOptions, place: string): MqttClient {
  try {
    // It writes into what it is given.
    return connect({ ...options });
  } catch (error) {
    throw explainLoss(place, error instanceof Error ? error : undefined, false, ReasonCodes);
  }
}

/** A socket waits for more to send otherwise, for 40 ms. A WebSocket does not. */
function setNoDelay(stream: object): void {
  if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
}

interface OpenSession extends Session {
  lose(reason: Error): void;
}

interface OpenOptions {
  readonly client: MqttClient;
  readonly clock: Clock;
  readonly words: ReasonWords;
  /** How many messages may be unconfirmed. */
  readonly window: number;
  readonly maximumPacketSize: number;
}

function createSession({ client, clock, words, window, maximumPacketSize }: OpenOptions): OpenSession {
  const unconfirmed = new Set<() => void>();
  const waiting: Publication[] = [];
  let isOver = false;
  /** The reason code of the confirmation that is being handled: the client keeps it from its callbacks. */
  let confirmation = 0;
  let end = (_reason: Error): void => {};
  const over = new Promise<Error>((resolve) => {
    end = resolve;
  });
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'puback') confirmation = packet.reasonCode ?? 0;
  });

  /** Calls back with the reason code; undefined where the connection is lost before it comes. */
  const post = (
    topic: string,
    bytes: Uint8Array,
    properties: Properties,
    onEnd: (code: number | undefined) => void,
  ): void => {
    const lose = (): void => onEnd(undefined);
    unconfirmed.add(lose);
    const payload = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    client.publish(topic, payload, { qos: 1, properties: properties as object }, (error) => {
      if (!unconfirmed.delete(lose)) return;
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : confirmation;
      onEnd(typeof code === 'number' ? code : undefined);
    });
  };

  const send = ({ message, replyTopic, resolve, reject }: Publication): void => {
    const properties = propertiesOf(message, replyTopic);
    post(message.topic, message.bytes, properties, (code) => {
      if (code === undefined) {
        reject(publishFailed('The connection was lost before the broker had confirmed the message.', 'maybe'));
        return;
      }
      sendWaiting();
      const refusal = findRefusal(message, code, words);
      if (refusal === undefined) resolve();
      else reject(refusal);
    });
  };

  const sendWaiting = (): void => {
    while (unconfirmed.size < window) {
      const next = waiting.shift();
      if (next === undefined) return;
      if (next.expiresAt > clock.now()) send(next);
      else next.reject(publishFailed('Its time was up before the broker had taken what was sent before it.', 'no'));
    }
  };

  const findObjection = ({ topic, bytes, correlationId }: OutgoingMessage, replyTopic = ''): Error | undefined => {
    if (isOver) return publishFailed('The mqtt connection is lost.', 'no');
    if (!isTopic(topic)) return publishFailed('MQTT has no topic of that name.', 'no');
    // A character may take three bytes; a broker ends the connection of who sends it more than it takes.
    const size = bytes.length + PACKET_OVERHEAD + 3 * (topic.length + replyTopic.length + correlationId.length);
    if (size > maximumPacketSize) return tooLarge(maximumPacketSize);
    return waiting.length >= MOST_WAITING ? busy(`${MOST_WAITING} messages already wait for the broker.`) : undefined;
  };

  return {
    over,
    isOver: () => isOver,

    publish: (message, replyTopic) =>
      new Promise((resolve, reject) => {
        const objection = findObjection(message, replyTopic);
        if (objection !== undefined) return reject(objection);
        const expiresAt = clock.now() + (message.ttlMs ?? Number.POSITIVE_INFINITY);
        const publication = { message, replyTopic, resolve, reject, expiresAt };
        if (unconfirmed.size < window && waiting.length === 0) send(publication);
        else waiting.push(publication);
      }),

    isRead: (topic) =>
      new Promise((resolve) => {
        post(topic, Buffer.alloc(0), probeProperties, (code) =>
          resolve(code !== undefined && code < FIRST_FAILURE && code !== NO_MATCHING_SUBSCRIBERS),
        );
      }),

    subscribe: (filter) =>
      new Promise((resolve, reject) => {
        // Nothing that the broker has kept: it would run again at each start.
        client.subscribe(filter, { qos: 1, rh: 2 }, (error, _, packet) => {
          if (error === null) return resolve();
          const [code] = packet?.granted ?? [];
          if (typeof code !== 'number') reject(new Error(`The connection was lost before ${filter} was read.`));
          else reject(new Error(`The broker does not let ${filter} be read: ${wordsOf(code, words)}.`));
        });
      }),

    unsubscribe: (filter) =>
      new Promise((resolve) => {
        if (isOver) resolve();
        else client.unsubscribe(filter, () => resolve());
      }),

    async end() {
      if (isOver) return;
      const cancel = clock.setTimer(LEAVE_MS, () => client.stream.destroy());
      client.end();
      await over;
      cancel();
    },

    lose(reason) {
      isOver = true;
      end(reason);
      for (const lose of unconfirmed) lose();
      unconfirmed.clear();
      for (const { reject } of waiting.splice(0)) reject(publishFailed('The mqtt connection is lost.', 'no'));
    },
  };
}
