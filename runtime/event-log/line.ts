import { type AgentAddress, isAgentAddress } from '../address.js';
import type { Hop, HopEvent } from '../diagnostics.js';
import { isAgentRpcError, isRuntimeCode } from '../errors.js';
import { isRecord } from '../record.js';
import type { ShownPayload } from './payload.js';

/** The version of the lines that are written. A reader skips all others. */
const VERSION = 1;

/**
 * One line of an event log: a hop, or `dropped` for hops that could not be written.
 *
 * Strings in it come from outside and may hold any character: show them escaped.
 */
export interface LoggedEvent
  extends Omit<{ readonly [Name in keyof Hop]: Exclude<Hop[Name], undefined> }, 'event' | 'error' | 'payload'> {
  readonly event: HopEvent | 'dropped';
  /** The process that has written it, as it is in the name of the file: its pid and a word of its own. */
  readonly writer: string;
  /** Of `dropped`: how many. */
  readonly count?: number;
  /** What was thrown, where the log was told to write it. */
  readonly error?: { readonly name: string; readonly message: string };
  /** Without what its schema marks with `x-redact`. */
  readonly payload?: unknown;
  /** How the JSON of the payload starts, in place of `payload` where there is more than the log takes. */
  readonly payloadStart?: string;
  /** Bytes of the payload's JSON; alone where the log does not know the contract, or the payload breaks it. */
  readonly payloadSize?: number;
}

/** A hop that waits to be written. It refers to nothing that the agent works with. */
export interface Entry {
  readonly agent: AgentAddress;
  readonly members: Readonly<Record<string, unknown>>;
  readonly payload: ShownPayload | undefined;
}

/** How much of a sentence or a name is written; those of envelopes are shorter. */
const MAX_TEXT = 1000;

/** Copies what is to be written of a hop; undefined for what is no hop, since anybody may publish on its channel. */
export function toEntry(hop: Hop, payload: ShownPayload | undefined, withErrors: boolean): Entry | undefined {
  const { agent, at, error, code } = hop;
  if (!isAgentAddress(agent) || !isTime(at) || typeof hop.event !== 'string') return undefined;
  const members = {
    v: VERSION,
    at,
    event: text(hop.event),
    agent,
    kind: text(hop.kind),
    messageId: text(hop.messageId),
    correlationId: text(hop.correlationId),
    causedBy: text(hop.causedBy),
    from: text(hop.from),
    to: text(hop.to),
    capability: text(hop.capability),
    tenantId: text(hop.tenantId),
    status: text(hop.status),
    code: text(code ?? codeOf(error)),
    executed: text(hop.executed),
    reason: text(hop.reason),
    omitted: isCount(hop.omitted) ? hop.omitted : undefined,
    error: withErrors && error !== undefined ? describe(error) : undefined,
  };
  return { agent, members, payload };
}

/** The entry that says that hops of an agent were not written. */
export function droppedEntry(agent: AgentAddress, at: number, count: number): Entry {
  return { agent, members: { v: VERSION, at, event: 'dropped', agent, count }, payload: undefined };
}

/** An entry as a line, without its end: JSON in which no character acts on a terminal. */
export function toLine({ members, payload }: Entry): string {
  const json = JSON.stringify(members);
  if (payload === undefined) return escapeJson(json);
  const size = `${json.slice(0, -1)},"payloadSize":${payload.size}`;
  if (payload.json !== undefined) return escapeJson(`${size},"payload":${payload.json}}`);
  if (payload.start !== undefined) return escapeJson(`${size},"payloadStart":${JSON.stringify(payload.start)}}`);
  return escapeJson(`${size}}`);
}

/** Reads a line; undefined for one that is torn or no event, `unknown` for one of another version. */
export function parseLine(line: string, writer: string): LoggedEvent | 'unknown' | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { v, ...members } = value;
  if (v !== VERSION) return 'unknown';
  const { event, agent, at, count, error } = members;
  const isEvent = typeof event === 'string' && isAgentAddress(agent) && isTime(at);
  if (!isEvent || !NAMES.every((name) => isTextOrMissing(members[name]))) return undefined;
  if (!isCountOrMissing(count) || !isCountOrMissing(members['omitted'])) return undefined;
  if (error !== undefined && !(isRecord(error) && isTextOrMissing(error['name']))) return undefined;
  return { ...members, writer } as unknown as LoggedEvent;
}

const NAMES: readonly string[] = [
  ...['kind', 'messageId', 'correlationId', 'causedBy', 'from', 'to', 'capability', 'tenantId'],
  ...['status', 'code', 'executed', 'reason', 'payloadStart'],
];

const NOT_PLAIN = /[^\x20-\x7e]/;
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON of the same value, without the characters that JSON leaves raw and that a terminal may obey or hide. */
function escapeJson(json: string): string {
  if (!NOT_PLAIN.test(json)) return json;
  return json.replace(ACTING, (character) =>
    Array.from({ length: character.length }, (_, index) => toEscape(character.charCodeAt(index))).join(''),
  );
}

function toEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}…`;
}

/** The runtime's own code of what was thrown: of all that it holds, what can be no secret. */
function codeOf(error: unknown): string | undefined {
  return isAgentRpcError(error) && isRuntimeCode(error.code) ? error.code : undefined;
}

function describe(error: unknown): { name: string; message: string } {
  const { name, message } = error instanceof Error ? error : { name: typeof error, message: error };
  return { name: text(name) ?? 'Error', message: text(message) ?? '' };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCountOrMissing(value: unknown): boolean {
  return value === undefined || isCount(value);
}

function isTextOrMissing(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
