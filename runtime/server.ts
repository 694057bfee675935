import process from 'node:process';
import { inspect } from 'node:util';
import type { AgentAddress } from './address.js';
import { type Bus, hostOf, type StopOptions } from './bus.js';
import { assertContractFormat, type Contract } from './contract.js';
import { createGrace, DEFAULT_GRACE_MS, DEFAULT_TIMEOUT_MS, type Grace, timeLeft } from './deadline.js';
import { reportHop } from './diagnostics.js';
import type { RuntimeCode } from './errors.js';
import type { Attachment } from './host.js';
import type { InboundMessage, Receiver } from './inbox.js';
import { hopsOf, MAX_HOPS } from './parent.js';
import { toResult } from './result.js';
import { type Run, startRun } from './run.js';
import type { Implementation } from './skill.js';

/** How an agent's capabilities are served. */
export interface ServeOptions {
  /** How many skills may run at once; 64 unless set. */
  readonly concurrency?: number;
  /** How many requests may wait for one that ends; 256 unless set. What is over that is answered EAGENTRPC_BUSY. */
  readonly queue?: number;
  /**
   * Gets what a skill throws, and an AgentRpcError for what it answers that breaks its contract or cannot be sent.
   * Unless set, that goes to stderr as a process warning. The caller is told nothing of what is thrown.
   */
  readonly onError?: (error: unknown, call: FailedCall) => void;
}

/** The call whose skill went wrong. */
export interface FailedCall {
  readonly capability: string;
  readonly messageId: string;
  readonly correlationId: string;
  readonly from: AgentAddress;
}

/** An agent's capabilities, being served. */
export interface Service {
  readonly agent: AgentAddress;
  /**
   * Takes no more requests, answers those that wait as busy, and waits for skills that run; `bus.stop()` does it too.
   * Called again, it resolves with the first, and a `graceMs` that is given may shorten the wait.
   *
   * Rejects, with all of that done, when the transport fails to unsubscribe.
   */
  stop(options?: StopOptions): Promise<void>;
}

interface Waiting {
  readonly message: InboundMessage;
  readonly implementation: Implementation;
  readonly expiresAt: number;
}

const DEFAULT_CONCURRENCY = 64;
const DEFAULT_QUEUE = 256;
/** How long a skill is taken to run before any has ended. */
const FIRST_GUESS_MS = 100;
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
  const { concurrency = DEFAULT_CONCURRENCY, queue: queueLimit = DEFAULT_QUEUE, onError = warn } = options;
  assertLimit('concurrency', concurrency, 1);
  assertLimit('queue', queueLimit, 0);
  const capabilities = indexImplementations(bus, contract, implementations);
  const host = hostOf(bus);
  const { agent, clock, clockSkewMs } = host;
  const runs = new Set<Run>();
  const waiting: Waiting[] = [];
  let meanMs = FIRST_GUESS_MS;
  let onIdle: () => void = () => {};
  let grace: Grace | undefined;
  let stopping: Promise<void> | undefined;

  const refuse = (message: InboundMessage, code: RuntimeCode, text: string, details?: unknown): void => {
    reportHop('refused', agent, clock.now(), message.envelope, { code, reason: text });
    void host.answer(message, toResult({ code, message: text, details }));
  };

  const refuseBusy = (message: InboundMessage, text: string): void => {
    const retryAfterMs = Math.ceil((meanMs * (waiting.length + 1)) / concurrency);
    refuse(message, 'EAGENTRPC_BUSY', text, { retryAfterMs });
  };

  const expire = (message: InboundMessage): void => {
    const text = `The time of ${message.envelope.capability} was up before it could run.`;
    reportHop('expired', agent, clock.now(), message.envelope, { reason: text });
    void host.answer(message, toResult({ code: 'EAGENTRPC_DEADLINE_EXCEEDED', message: text }));
  };

  const tell = (error: unknown, { envelope }: InboundMessage): void => {
    const { capability, messageId, correlationId, from } = envelope;
    try {
      onError(error, { capability, messageId, correlationId, from });
    } catch (thrown) {
      warn(thrown, { capability, messageId, correlationId, from });
    }
  };

  const start = (message: InboundMessage, implementation: Implementation, leftMs: number): void => {
    const startedAt = clock.now();
    const run = startRun({ host, message, implementation, leftMs, onError: tell });
    runs.add(run);
    void run.done.then(() => {
      runs.delete(run);
      meanMs += (clock.now() - startedAt - meanMs) / 8;
      startWaiting();
      if (runs.size === 0) onIdle();
    });
  };

  const startWaiting = (): void => {
    while (runs.size < concurrency) {
      const next = waiting.shift();
      if (next === undefined) return;
      const leftMs = next.expiresAt - clock.now();
      if (leftMs > 0) start(next.message, next.implementation, leftMs);
      else expire(next.message);
    }
  };

  const receive = (message: InboundMessage): void => {
    const { headers, capability } = message.envelope;
    const implementation = capabilities.get(capability);
    if (stopping !== undefined) refuseBusy(message, `${agent} is stopping.`);
    else if (hopsOf(headers) > MAX_HOPS) {
      refuse(message, 'EAGENTRPC_LOOP', `The call is nested more than ${MAX_HOPS} calls deep.`);
    } else if (implementation === undefined) {
      refuse(message, 'EAGENTRPC_NO_CAPABILITY', `${agent} has no such capability.`);
    } else admit(message, implementation);
  };

  const admit = (message: InboundMessage, implementation: Implementation): void => {
    const { envelope, ageMs } = message;
    const fallbackMs = implementation.capability.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const now = clock.now();
    const leftMs = timeLeft(envelope, { now, ageMs, clockSkewMs, fallbackMs });
    if (leftMs <= 0) expire(message);
    else if (runs.size < concurrency) start(message, implementation, leftMs);
    else if (waiting.length < queueLimit) waiting.push({ message, implementation, expiresAt: now + leftMs });
    else refuseBusy(message, `${agent} has as much to do as it takes.`);
  };

  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      onIdle = resolve;
      if (runs.size === 0) resolve();
    });

  const stop = async (wait: Grace['wait']): Promise<void> => {
    const attachment = await attaching.catch(() => undefined);
    // Who called serve() has been told why there is nothing to stop.
    if (attachment === undefined) return wait(Promise.resolve());
    const [closed] = await Promise.allSettled([attachment.close()]);
    for (const { message } of waiting.splice(0)) refuseBusy(message, `${agent} is stopping.`);
    await wait(Promise.all([idle(), host.answersSent()]));
    const interrupted = Promise.all(Array.from(runs, (run) => run.interrupt()));
    await createGrace(clock, LAST_ANSWERS_MS).wait(Promise.all([interrupted, host.answersSent()]));
    attachment.release();
    if (closed.status === 'rejected') throw closed.reason;
  };

  const receiver: Receiver = {
    receive,
    running: () => runs.size,
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
  throw new Error(`${contract.agent} promises ${missing.join(', ')}, and no skill is given for that.`);
}

function assertLimit(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`${name} must be a whole number of at least ${least}, and it is ${String(value)}.`);
}

function warn(error: unknown, { capability, messageId }: FailedCall): void {
  const text = `The skill of ${capability} failed for message ${messageId}: ${show(error)}`;
  process.emitWarning(escapeControls(text), { type: 'AgentRpcWarning', code: 'EAGENTRPC_HANDLER_ERROR' });
}

function show(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'something that cannot be shown';
  }
}

/** Ids and messages come from outside: a terminal must not obey them. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
