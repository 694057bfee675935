import type { AgentAddress } from './address.js';
import { type Bus, hostOf, type StopOptions } from './bus.js';
import { assertContractFormat, type Contract } from './contract.js';
import { createCopies } from './copies.js';
import { createGrace, DEFAULT_GRACE_MS, DEFAULT_TIMEOUT_MS, type Grace, timeLeft } from './deadline.js';
import { createDeclines } from './decline.js';
import { type Claim, createDuplicates, type DuplicateStore, expiryOf, keyOf } from './duplicates.js';
import { errorCodes, isRuntimeCode } from './errors.js';
import type { Attachment } from './host.js';
import type { InboundMessage, Receiver } from './inbox.js';
import { hopsOf, MAX_HOPS } from './parent.js';
import { type Run, type RunEnd, type RunInterceptors, startRun } from './run.js';
import type { Implementation } from './skill.js';
import { type FailedCall, warn } from './warning.js';
import { createWorkload, type Task } from './workload.js';

/** How an agent's capabilities are served. */
export interface ServeOptions {
  /** How many skills may run at once; 64 unless set. */
  readonly concurrency?: number;
  /**
   * How many requests may wait for one that ends; 256 unless set. What is over that is answered EAGENTRPC_BUSY. A broker
   * that holds messages is asked for no more than `concurrency` at once, and keeps the rest.
   */
  readonly queue?: number;
  /**
   * Where messages are remembered, so that one which comes again is not run again; `createDuplicates()` unless set,
   * which knows what has come to this service.
   */
  readonly duplicates?: DuplicateStore;
  /** What stands around each run of a skill: `chainInterceptors(…)` of `@declaragent/runtime/interceptors`. */
  readonly interceptors?: () => RunInterceptors | undefined;
  /**
   * Gets what a skill or an interceptor throws, and an AgentRpcError for what it answers that breaks its contract or cannot
   * be sent. Unless set, that goes to stderr as a process warning. The caller is told nothing of what is thrown.
   */
  readonly onError?: (error: unknown, call: FailedCall) => void;
}

/** An agent's capabilities, being served. */
export interface Service {
  readonly agent: AgentAddress;
  /**
   * Takes no more requests and waits for skills that run; `bus.stop()` does it too. Those that wait are answered as busy,
   * or go back to a broker that holds them where their capability is idempotent. Called again, it resolves with the first,
   * and a `graceMs` that is given may shorten the wait.
   *
   * Rejects, with all of that done, when the transport fails to unsubscribe.
   */
  stop(options?: StopOptions): Promise<void>;
}

const DEFAULT_CONCURRENCY = 64;
const DEFAULT_QUEUE = 256;
const NOT_TWICE = 'It may have run before, and is not run twice.';
/** How long stop() gives the answers that are on their way when the skills have had their time. */
const LAST_ANSWERS_MS = 1_000;

/**
 * Serves a contract on a bus; called by generated code. Resolves when the inbox is read.
 *
 * @throws Error when the contract is another agent's or of another format, when a capability has no implementation, and
 * when the bus is served already, is stopped, or is not one that createBus has made; RangeError for a limit that is wrong
 */
export async function serve(
  bus: Bus,
  contract: Contract,
  implementations: readonly Implementation[],
  options: ServeOptions = {},
): Promise<Service> {
  const { concurrency = DEFAULT_CONCURRENCY, queue = DEFAULT_QUEUE, onError = warn } = options;
  assertLimit('concurrency', concurrency, 1);
  assertLimit('queue', queue, 0);
  const capabilities = indexImplementations(bus, contract, implementations);
  const host = hostOf(bus);
  const { agent, clock, clockSkewMs, settlements } = host;
  const { duplicates = createDuplicates({ clock }) } = options;
  const interceptors = options.interceptors?.();
  const declines = createDeclines(host);
  let grace: Grace | undefined;
  let stopping: Promise<void> | undefined;
  let isOver = false;
  /** What a store that is shared is asked about. */
  const claims = new Set<Promise<unknown>>();

  const tell = (error: unknown, { envelope }: InboundMessage): void => {
    const { capability, messageId, correlationId, from } = envelope;
    const call = { capability, messageId, correlationId, from };
    // It may be asynchronous, and fail.
    void (async () => onError(error, call))().catch((thrown) => warn(thrown, call));
  };

  /** The store may be one that is shared, and fail: it then remembers less. */
  const tellStore = (what: 'keep' | 'release', { key, message }: Task, response?: Uint8Array): void => {
    try {
      duplicates[what](key, response)?.catch((error: unknown) => tell(error, message));
    } catch (error) {
      tell(error, message);
    }
  };

  const release = (task: Task): void => tellStore('release', task);

  const conclude = (task: Task, end: RunEnd): void => {
    const { message, implementation } = task;
    const { idempotent } = implementation.capability;
    const isReturned = end === 'returned';
    if (!isReturned) tellStore('keep', task, end?.bytes);
    // Whoever tries again after a failure that may pass wants it run again, not told again.
    if (isReturned || (idempotent && mayPass(end?.code))) release(task);
    if (isReturned) settlements.nack(message);
    else if (idempotent && end?.error !== undefined) settlements.retry(message);
    else settlements.ack(message);
  };

  const start = (task: Task): Run | undefined => {
    const { message, implementation } = task;
    const leftMs = task.expiresAt - clock.now();
    if (leftMs > 0 && !isOver) {
      const onEnd = (end: RunEnd): void => conclude(task, end);
      return startRun({ host, message, implementation, leftMs, onError: tell, interceptors, onEnd });
    }
    release(task);
    if (isOver) declineBusy(message, `${agent} is stopping.`);
    else declines.expire(message);
    return undefined;
  };

  /** It will come again, and is not run then: that it was not run now cannot be known elsewhere. */
  const giveUp = (task: Task): void => {
    release(task);
    declines.giveBack(task.message, 'EAGENTRPC_INTERRUPTED', 'The broker has not confirmed the acknowledgement.');
  };

  /** What is idempotent goes back to a broker that holds it; what is not would not be run by another instance either. */
  const returnToSender = ({ message, implementation }: Task): void => {
    const text = `${agent} is stopping.`;
    if (implementation.capability.idempotent && message.via.transport.flags.holdsRequests) {
      declines.giveBack(message, 'EAGENTRPC_BUSY', text);
    } else {
      declineBusy(message, text);
    }
  };

  const declineBusy = (message: InboundMessage, text: string): void =>
    declines.decline(message, text, { retryAfterMs: workload.retryAfterMs() });

  const workload = createWorkload({ clock, concurrency, queue, start, giveUp });

  /** What may have run elsewhere and must not run twice. That it has not run here is remembered like any answer. */
  const interrupt = async (task: Task): Promise<void> => {
    const sent = await declines.refuse(task.message, 'EAGENTRPC_INTERRUPTED', NOT_TWICE);
    tellStore('keep', task, sent?.bytes);
  };

  /** A message that nobody here has seen. */
  const admit = (task: Task): void => {
    const { message, expiresAt } = task;
    const isLate = expiresAt <= clock.now();
    if (!isLate && stopping === undefined && workload.add(task)) return;
    release(task);
    if (isLate) declines.expire(message);
    else if (stopping !== undefined) returnToSender(task);
    else declineBusy(message, `${agent} does as much as it can.`);
  };

  const proceed = (task: Task, claim: Claim): void => {
    const { message, implementation } = task;
    if (claim === 'first') {
      if (message.delivery.redelivered && !implementation.capability.idempotent) void interrupt(task);
      else admit(task);
    } else if (claim === 'full') declineBusy(message, `${agent} remembers as much as it can.`);
    else copies.take(task, claim);
  };

  /** Where a store that is shared fails, nobody knows whether the message has run. */
  const failClaim = ({ message }: Task, error: unknown): void => {
    tell(error, message);
    void declines.refuse(message, 'EAGENTRPC_INTERRUPTED', NOT_TWICE);
  };

  /** Finds out whether a message has come before. */
  const claimTask = (task: Task, now: number): void => {
    const { envelope, delivery } = task.message;
    const forgetAt = expiryOf(envelope, now, task.expiresAt - now, clockSkewMs);
    try {
      const claim = duplicates.claim(task.key, delivery.bytes, forgetAt);
      if (typeof claim === 'string' || !('then' in claim)) {
        proceed(task, claim);
        return;
      }
      const claimed: Promise<unknown> = claim
        .then((known) => proceed(task, known))
        .catch((error: unknown) => failClaim(task, error))
        .then(() => claims.delete(claimed));
      claims.add(claimed);
    } catch (error) {
      failClaim(task, error);
    }
  };

  const receive = (message: InboundMessage): void => {
    const { envelope, delivery } = message;
    const implementation = capabilities.get(envelope.capability);
    if (hopsOf(envelope.headers) > MAX_HOPS) {
      void declines.refuse(message, 'EAGENTRPC_LOOP', `The call is nested ${hopsOf(envelope.headers)} calls deep.`);
    } else if (implementation === undefined) {
      void declines.refuse(message, 'EAGENTRPC_NO_CAPABILITY', `${agent} has no such capability.`);
    } else {
      const fallbackMs = implementation.capability.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const now = clock.now();
      const leftMs = timeLeft(envelope, { now, ageMs: delivery.ageMs, clockSkewMs, fallbackMs });
      claimTask({ message, implementation, key: keyOf(envelope), expiresAt: now + leftMs }, now);
    }
  };

  const copies = createCopies({
    host,
    declines,
    limit: Math.max(concurrency, queue),
    retake: (task) => claimTask(task, clock.now()),
  });

  const stop = async (wait: Grace['wait']): Promise<void> => {
    const attachment = await attaching.catch(() => undefined);
    // Who called serve() has been told why there is nothing to stop.
    if (attachment === undefined) {
      await wait(Promise.resolve());
      return;
    }
    let failure: { readonly reason: unknown } | undefined;
    const drain = async (): Promise<void> => {
      const [closed] = await Promise.allSettled([attachment.close()]);
      if (closed.status === 'rejected') failure = closed;
      await Promise.all(claims);
      returnWaiting();
      await workload.idle();
      await sent();
    };
    await wait(drain()).catch(() => {});
    isOver = true;
    returnWaiting();
    await createGrace(clock, LAST_ANSWERS_MS)
      .wait(workload.interrupt().then(sent))
      .catch(() => {});
    attachment.release();
    if (failure !== undefined) throw failure.reason;
  };

  const returnWaiting = (): void => {
    for (const task of workload.takeWaiting()) {
      release(task);
      returnToSender(task);
    }
  };

  const sent = async (): Promise<void> => {
    await host.answersSent();
    await settlements.settled();
  };

  const receiver: Receiver = {
    prefetch: concurrency,
    receive,
    running: () => workload.running,
    stop(graceMs) {
      if (graceMs !== undefined) grace?.limit(graceMs);
      grace ??= createGrace(clock, graceMs ?? DEFAULT_GRACE_MS);
      stopping ??= stop(grace.wait);
      return stopping;
    },
  };
  const attaching: Promise<Attachment> = host.attach(receiver);
  await attaching;
  return { agent, stop: ({ graceMs } = {}) => receiver.stop(graceMs) };
}

/** A map, since names come from outside. */
function indexImplementations(
  bus: Bus,
  contract: Contract,
  implementations: readonly Implementation[],
): ReadonlyMap<string, Implementation> {
  assertContractFormat(contract);
  if (contract.agent !== bus.agent) {
    throw new Error(`The contract is that of ${contract.agent}, and the bus is that of ${bus.agent}.`);
  }
  const index = new Map(implementations.map((implementation) => [implementation.capability.name, implementation]));
  const missing = Object.keys(contract.capabilities).filter((name) => !index.has(name));
  if (missing.length === 0) return index;
  throw new Error(`${contract.agent} is given no skill for ${missing.join(', ')}.`);
}

function assertLimit(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`${name} must be a whole number of at least ${least}, and it is ${String(value)}.`);
}

function mayPass(code: string | undefined): boolean {
  return code !== undefined && isRuntimeCode(code) && errorCodes[code].retry;
}
