import type { Clock, Random } from './clock.js';
import type { AgentRpcEnvelope } from './envelope.js';
import { type AgentRpcError, type Executed, errorCodes, isAgentRpcError, isRuntimeCode } from './errors.js';
import { isRecord } from './record.js';
import { parseResult } from './result.js';

/** Whether and how a call that fails is made again. */
export interface RetryOptions {
  /** How often the call may be made, the first time included; 2 to 100. */
  readonly attempts: number;
  /** The longest wait before the second attempt, in milliseconds; each further one may be twice as long. 100 unless set. */
  readonly baseMs?: number;
  /** The longest wait before any attempt, but for one that the receiver asks for; 5,000 ms unless set. */
  readonly maxMs?: number;
}

/** How a call ended, or one attempt at it. */
export type CallEnd = AgentRpcEnvelope | AgentRpcError;

/** One call that can be made several times. */
export interface Attemptable {
  readonly clock: Clock;
  readonly random: Random;
  /** How long it may take in all. */
  readonly timeoutMs: number;
  /** Makes an attempt, whose end goes to `take`; that may be called several times, and late. */
  send(leftMs: number, take: (end: CallEnd) => void): void;
  /** No attempt is under way until the next one. */
  pause(): void;
  /** Whether the call has ended by itself. */
  hasEnded(): boolean;
  /** Ends it. */
  settle(end: CallEnd): void;
}

/** Makes one call until it succeeds or its attempts are used up; returns what keeps it from being made again. */
export type Retry = (call: Attemptable) => () => void;

/**
 * What `createBus({ retries })` takes: makes the retries of a call from its options.
 *
 * @throws RangeError for options that are wrong
 */
export type Retries = (options: RetryOptions, idempotent: boolean) => Retry;

/**
 * Lets the calls of a bus be made again that ask for it: at most a fifth more attempts than such calls. A bus that has
 * made fewer than 50 of them may add 10.
 */
export function createRetries(): Retries {
  const budget = createRetryBudget();
  return (options, idempotent) => {
    const { attempts, baseMs = 100, maxMs = 5_000 } = options;
    assertWhole('attempts', attempts, 2, 100);
    assertWhole('baseMs', baseMs, 1, 600_000);
    assertWhole('maxMs', maxMs, 1, 600_000);
    return (call) => attempt(call, createAttempts({ attempts, baseMs, maxMs, idempotent }, budget, call.random));
  };
}

function attempt({ clock, timeoutMs, send, pause, hasEnded, settle }: Attemptable, attempts: Attempts): () => void {
  const endsAt = clock.now() + timeoutMs;
  let endPause = (): void => {};
  let current: unknown;
  const start = (leftMs: number): void => {
    const take = (end: CallEnd): void => {
      // What becomes of the publication of an earlier attempt, or of one whose call has ended, says nothing of this one.
      if (hasEnded() || current !== take) return;
      const next = attempts.judge(end, endsAt - clock.now());
      if (next === 'final') settle(attempts.conclude(end));
      else if (next !== 'ignore') {
        pause();
        endPause = clock.setTimer(next, () => {
          attempts.start();
          // A clock that is set back gives no more time than there was.
          start(Math.min(timeoutMs, Math.max(1, Math.floor(endsAt - clock.now()))));
        });
      }
    };
    current = take;
    send(leftMs, take);
  };
  start(timeoutMs);
  return () => endPause();
}

/** What one call may do, once its options are checked. */
interface RetryPolicy extends Required<RetryOptions> {
  /** Whether it may be made again where the skill may have run. */
  readonly idempotent: boolean;
}

function assertWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`retry.${name} must be a whole number from ${least} to ${most}, and it is ${String(value)}.`);
}

/** Keeps callers that all try again from keeping an agent down that is overloaded. */
interface RetryBudget {
  /** A call is made that may be made again. */
  earn(): void;
  /** Whether another attempt may be made now; if so, it has been taken. */
  spend(): boolean;
}

/** How many attempts a call may add on average. */
const SHARE = 0.2;
/** How many may be added before the calls were made that earn them. */
const ADVANCE = 10;
/** How many can be saved, so that a quiet year does not pay for a storm. */
const MOST_SAVED = 100;

/** At most a fifth more attempts than calls; a bus that has made fewer than 50 such calls may add 10. */
function createRetryBudget(): RetryBudget {
  let left = ADVANCE;
  /** How many calls pay back the advance. */
  let owed = ADVANCE / SHARE;
  return {
    earn() {
      if (owed > 0) owed--;
      else left = Math.min(left + SHARE, MOST_SAVED);
    },
    spend() {
      // A fifth has no exact binary form: five of them may be a hair less than one.
      if (left < 1 - 1e-9) return false;
      left--;
      return true;
    },
  };
}

/** The attempts at one call. */
interface Attempts {
  /**
   * What an end of the present attempt means: the wait before the next one in milliseconds, `ignore` for what belongs to
   * an earlier one, or `final`.
   */
  judge(end: CallEnd, leftMs: number): number | 'ignore' | 'final';
  /** Another attempt is under way. */
  start(): void;
  /** How the call ended: of all that went wrong with it, that which leaves most open whether the skill has run. */
  conclude(end: CallEnd): CallEnd;
}

/** Starts to count. */
function createAttempts(policy: RetryPolicy, budget: RetryBudget, random: Random): Attempts {
  const seen: string[] = [];
  let made = 1;
  let isWaiting = false;
  let open: CallEnd | undefined;
  budget.earn();

  /** A wait of any length up to twice the last one: callers that failed together do not come back together. */
  const jitter = (): number => {
    const [a = 0, b = 0] = random.bytes(2);
    const most = Math.min(policy.maxMs, policy.baseMs * 2 ** (made - 1));
    return Math.ceil((most * (a * 256 + b + 1)) / 65_536);
  };

  return {
    judge(end, leftMs) {
      if (!isAgentRpcError(end)) {
        // A broker may deliver an answer twice; the second copy says nothing of the attempt that is under way.
        if (seen.includes(end.messageId)) return 'ignore';
        seen.push(end.messageId);
      }
      const failure = failureOf(end);
      if (failure === undefined) return 'final';
      if (failure.executed !== 'no') open = end;
      const helps = isRuntimeCode(failure.code) && errorCodes[failure.code].retry;
      if (!helps || !(failure.executed === 'no' || policy.idempotent)) return 'final';
      if (isWaiting) return 'ignore';
      if (made >= policy.attempts) return 'final';
      const delayMs = retryAfterOf(failure.details) + jitter();
      // The receiver would drop what arrives when its time is up.
      if (delayMs >= leftMs || !budget.spend()) return 'final';
      isWaiting = true;
      return delayMs;
    },
    start() {
      made++;
      isWaiting = false;
    },
    conclude(end) {
      const failure = failureOf(end);
      return failure?.executed === 'no' && open !== undefined ? open : end;
    },
  };
}

interface AttemptFailure {
  readonly code: string;
  readonly executed: Executed;
  readonly details?: unknown;
}

/** What went wrong, as far as it can be told without the contract; undefined for a success. */
function failureOf(end: CallEnd): AttemptFailure | undefined {
  if (isAgentRpcError(end)) return end;
  const result = parseResult(end.payload);
  if (result === undefined) return { code: '', executed: 'maybe' };
  if (result.ok) return undefined;
  const { code, details } = result.error;
  const row = isRuntimeCode(code) && errorCodes[code].fromReceiver ? errorCodes[code] : undefined;
  // Of what the code leaves open, that which forbids more.
  return {
    code: row === undefined ? '' : code,
    executed: row === undefined ? 'yes' : (row.executed.find((executed) => executed !== 'no') ?? 'no'),
    details,
  };
}

/** How long the receiver asks to be left alone; what it says is data from outside. */
function retryAfterOf(details: unknown): number {
  const asked = isRecord(details) ? details['retryAfterMs'] : undefined;
  return typeof asked === 'number' && asked > 0 ? Math.ceil(asked) : 0;
}
