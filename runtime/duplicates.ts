import { isDeepStrictEqual } from 'node:util';
import { createArena, type Place } from './arena.js';
import { type Clock, systemClock } from './clock.js';
import { type AgentRpcEnvelope, decodeEnvelope } from './envelope.js';

/**
 * Remembers the messages that have come to one agent, so that one which comes again is not run again. A store that
 * several instances share answers with promises; where a claim fails, nobody knows whether the message has run, and it is
 * answered as EAGENTRPC_INTERRUPTED.
 */
export interface DuplicateStore {
  /**
   * Of all who claim a key one is told `first`, and runs the message; the others get what the store knows of it. `full`
   * is said rather than that another message is forgotten before its time, `expiresAt`: milliseconds since the epoch.
   * `request` is the message as it came; the buffer may be used again when it has run.
   */
  claim(key: string, request: Uint8Array, expiresAt: number): Claim | Promise<Claim>;
  /** The message has run; its response is undefined where it got none. */
  keep(key: string, response: Uint8Array | undefined): void | Promise<void>;
  /** The message has not run, and will not: the next who claims it is first. */
  release(key: string): void | Promise<void>;
}

/** What is known of a message that somebody wants to run. */
export type Claim = 'first' | 'full' | Earlier;

/** An earlier copy of a message. */
export interface Earlier {
  /** The message as it came then, to be compared; undefined where it has not been kept. */
  readonly request: Uint8Array | undefined;
  /** What it was answered with; while it runs a promise, which does not reject and ends by the time it expires. */
  readonly response: EarlierResponse | Promise<EarlierResponse>;
}

/** A response as it was sent; `lost` where there was none or it has not been kept, `released` where nothing has run. */
export type EarlierResponse = Uint8Array | 'lost' | 'released';

/** How much the store within this process remembers. */
export interface DuplicatesOptions {
  /** How many messages; 100,000 unless set. Over that the newcomer is busy, until the time of some is up. */
  readonly maxEntries?: number;
  /** How many bytes of messages that have run and of their responses; 64 MiB unless set. Over that the oldest are lost. */
  readonly maxBytes?: number;
  /** For tests. */
  readonly clock?: Clock;
}

/** When it has run, its place is that of the request and the response. */
interface Entry extends Place {
  /** The keys that expire with this one. */
  readonly span: string[];
  /** While it runs. */
  request: Uint8Array | undefined;
  /** Made when the first copy has to wait. */
  waiting: Waiting | undefined;
}

interface Waiting {
  readonly response: Promise<EarlierResponse>;
  readonly end: (response: EarlierResponse) => void;
}

const DEFAULT_MAX_ENTRIES = 100_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Messages whose time is up are forgotten so many milliseconds later at most, those of one such span at once. */
const SPAN_MS = 256;

/** How far ahead a deadline may be, and how long a message without one is remembered. */
export const MAX_AHEAD_MS = 900_000;

/** The store of one process. It sets no timer: what is to be forgotten is forgotten when a message comes. */
export function createDuplicates(options: DuplicatesOptions = {}): DuplicateStore {
  const { maxEntries = DEFAULT_MAX_ENTRIES, maxBytes = DEFAULT_MAX_BYTES, clock = systemClock } = options;
  const entries = new Map<string, Entry>();
  const spans = new Map<number, string[]>();
  const arena = createArena(maxBytes);
  let sweepAt = 0;

  const forget = (key: string, entry: Entry, response: EarlierResponse): void => {
    arena.free(entry);
    entries.delete(key);
    entry.waiting?.end(response);
  };

  const sweep = (now: number): void => {
    sweepAt = now + SPAN_MS;
    const present = spanOf(now);
    for (const [number, span] of spans) {
      if (number >= present) continue;
      spans.delete(number);
      for (const key of span) {
        const entry = entries.get(key);
        // One that was released and claimed again may expire later.
        if (entry?.span === span) forget(key, entry, 'lost');
      }
    }
  };

  const findSpan = (expiresAt: number): string[] => {
    const number = spanOf(expiresAt);
    let span = spans.get(number);
    if (span === undefined) {
      span = [];
      spans.set(number, span);
    }
    return span;
  };

  const tell = (entry: Entry): Earlier => {
    const { request } = entry;
    if (request !== undefined) {
      entry.waiting ??= createWaiting();
      return { request, response: entry.waiting.response };
    }
    const [kept, response = 'lost'] = arena.read(entry) ?? [];
    return { request: kept, response };
  };

  return {
    claim(key, request, expiresAt) {
      const now = clock.now();
      if (now >= sweepAt) sweep(now);
      const entry = entries.get(key);
      if (entry !== undefined) return tell(entry);
      if (entries.size >= maxEntries) return 'full';
      const span = findSpan(expiresAt);
      span.push(key);
      entries.set(key, { span, request, waiting: undefined, page: undefined, start: 0, middle: 0, end: 0 });
      return 'first';
    },

    keep(key, response) {
      const entry = entries.get(key);
      if (entry?.request === undefined) return;
      if (response !== undefined) arena.add(entry, entry.request, response);
      entry.request = undefined;
      entry.waiting?.end(response ?? 'lost');
      entry.waiting = undefined;
    },

    release(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      // What is refused as soon as it is claimed must leave nothing: there may be many of them.
      if (entry.span.at(-1) === key) entry.span.pop();
      forget(key, entry, 'released');
    },
  };
}

function createWaiting(): Waiting {
  let end = (_: EarlierResponse): void => {};
  const response = new Promise<EarlierResponse>((resolve) => {
    end = resolve;
  });
  return { response, end };
}

function spanOf(time: number): number {
  return Math.floor(time / SPAN_MS);
}

/** What a message is known by: its sender, the sender's tenant, and the id that the sender gave it. */
export function keyOf({ tenantId, from, messageId }: AgentRpcEnvelope): string {
  // Neither a tenant nor an address has a space in it. What join makes is one string; a template would keep all its parts.
  return [tenantId, from, messageId].join(' ');
}

/**
 * When a message that has `leftMs` may be forgotten: no copy of it is let in after that. Its deadline counts too, however
 * far ahead: a copy that comes late has what is left until then.
 */
export function expiryOf({ deadline }: AgentRpcEnvelope, now: number, leftMs: number, clockSkewMs: number): number {
  return deadline === undefined ? now + MAX_AHEAD_MS : Math.max(now + leftMs, deadline) + clockSkewMs;
}

/** Whether a message, as it came, asks for what `envelope` does. Its time to live, say, may differ: callers try again. */
export function asksTheSame(request: Uint8Array, envelope: AgentRpcEnvelope): boolean {
  // It was within its limits when it came.
  const { length: bytes } = request;
  const earlier = decodeEnvelope(request, { bytes, depth: bytes, keys: bytes });
  const { kind, capability, payload } = envelope;
  return earlier.kind === kind && earlier.capability === capability && isDeepStrictEqual(earlier.payload, payload);
}
