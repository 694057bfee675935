import { type AgentAddress, isAgentAddress, isTenantId, parseReplyTo } from './address.js';
import { AgentRpcError, isAgentRpcError } from './errors.js';
import { encodeToken } from './pointer.js';
import { isRecord } from './record.js';

/** What a message is: a call that wants an answer, that answer, or a notification that wants none. */
export type EnvelopeKind = 'request' | 'response' | 'event';

/** How an envelope says who sent it. */
export type EnvelopeAuth =
  | { readonly kind: 'internal' }
  | { readonly kind: 'hmac'; readonly keyId: string; readonly signature: string }
  | { readonly kind: 'oidc'; readonly token: string; readonly keyId?: string }
  | { readonly kind: 'oauth2-client'; readonly token: string; readonly scope?: string };

/** The one message that agents exchange, version 1. A member that is undefined is not in the bytes, like one that is absent. */
export interface AgentRpcEnvelope {
  readonly version: 1;
  readonly kind: EnvelopeKind;
  readonly messageId: string;
  /** The id of the whole chain of calls. */
  readonly correlationId: string;
  /** The messageId of what led to this message; in a response, of its request. */
  readonly causedBy?: string | undefined;
  readonly from: AgentAddress;
  readonly to: AgentAddress;
  readonly capability: string;
  /** Where the answer goes: `<kind>://<topic>`. */
  readonly replyTo?: string | undefined;
  /** Milliseconds since the epoch, on the sender's clock. */
  readonly deadline?: number | undefined;
  readonly tenantId?: string | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** The input of a request or event; the result of a response. */
  readonly payload?: unknown;
  readonly auth?: EnvelopeAuth | undefined;
}

/** How much one message may hold; what holds more is EAGENTRPC_TOO_LARGE, both when it is sent and when it comes in. */
export interface EnvelopeLimits {
  /** Bytes of the whole message. */
  readonly bytes: number;
  /** Objects and arrays within each other, the envelope itself being the first. */
  readonly depth: number;
  /** Keys of all objects together. */
  readonly keys: number;
}

/** The limits that hold unless others are set: 1 MiB, 64 levels, 10,000 keys. */
export const defaultLimits: EnvelopeLimits = { bytes: 1_048_576, depth: 64, keys: 10_000 };

/** One thing that keeps an object from being an envelope. */
export interface EnvelopeProblem {
  /** JSON Pointer into the envelope. */
  readonly path: string;
  readonly message: string;
}

type Report = (path: string, message: string) => void;
/** Says what is wrong with a value. */
type Check = (value: unknown, path: string, report: Report) => void;

interface Field {
  readonly required: boolean;
  readonly check: Check;
}

const MAX_PROBLEMS = 100;
const MAX_ID_LENGTH = 128;
const BRACKETS = ['{', '['];

/** What each kind of auth holds besides its kind, and how many of them it must. */
const AUTH_KINDS: ReadonlyMap<unknown, readonly [required: number, ...members: string[]]> = new Map([
  ['internal', [0]],
  ['hmac', [2, 'keyId', 'signature']],
  ['oidc', [1, 'token', 'keyId']],
  ['oauth2-client', [1, 'token', 'scope']],
]);

const isText = (value: unknown): boolean =>
  typeof value === 'string' &&
  value !== '' &&
  (value.length <= MAX_ID_LENGTH || (value.length <= 2 * MAX_ID_LENGTH && [...value].length <= MAX_ID_LENGTH));

const text = `must be a string of 1 to ${MAX_ID_LENGTH} characters`;
const address = 'must be agent:// and 1 to 63 letters, digits or -';

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['version', must((value) => value === 1, 'must be the number 1')],
  ['kind', must(isKind, 'must be request, response or event')],
  ['messageId', must(isText, text)],
  ['correlationId', must(isText, text)],
  ['causedBy', may(isText, text)],
  ['from', must(isAgentAddress, address)],
  ['to', must(isAgentAddress, address)],
  ['capability', must(isText, text)],
  ['replyTo', may(isReplyTo, 'must be <transport kind>://<topic>')],
  ['deadline', may(isDeadline, 'must be a whole number above 0')],
  ['tenantId', may(isTenantId, 'must be 1 to 63 letters, digits or -')],
  ['headers', { required: false, check: checkHeaders }],
  ['payload', { required: false, check() {} }],
  ['auth', { required: false, check: checkAuth }],
]);

/** How many of them are. */
const REQUIRED = 7;

function may(test: (value: unknown) => boolean, message: string, required = false): Field {
  return { required, check: (value, path, report) => test(value) || report(path, message) };
}

function must(test: (value: unknown) => boolean, message: string): Field {
  return may(test, message, true);
}

function isKind(value: unknown): boolean {
  return value === 'request' || value === 'response' || value === 'event';
}

function isReplyTo(value: unknown): boolean {
  return typeof value === 'string' && parseReplyTo(value) !== undefined;
}

function isDeadline(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function checkHeaders(value: unknown, path: string, report: Report): void {
  if (!isRecord(value)) {
    report(path, 'must be an object of strings');
    return;
  }
  for (const name in value) {
    if (typeof value[name] !== 'string') report(`${path}/${toToken(name)}`, 'must be a string');
  }
}

function checkAuth(value: unknown, path: string, report: Report): void {
  const kind = isRecord(value) ? AUTH_KINDS.get(value['kind']) : undefined;
  if (!isRecord(value) || kind === undefined) {
    report(path, 'must be an object whose kind is internal, hmac, oidc or oauth2-client');
    return;
  }
  const [required, ...members] = kind;
  for (const name of members.slice(0, required)) {
    if (!Object.hasOwn(value, name)) report(`${path}/${name}`, 'is required');
  }
  for (const name of Object.keys(value)) {
    if (name === 'kind') continue;
    if (!members.includes(name)) report(`${path}/${toToken(name)}`, 'is not a key of this kind of auth');
    else if (typeof value[name] !== 'string') report(`${path}/${name}`, 'must be a string');
  }
}

/** A name from outside as a token of a JSON Pointer, short enough to be shown. */
function toToken(name: string): string {
  return encodeToken(name.slice(0, MAX_ID_LENGTH));
}

let isFine = true;
const spoil = (): void => {
  isFine = false;
};

/** Tells, without making anything, what {@link assertEnvelope} has nothing to say about. */
function isEnvelope(value: unknown): value is AgentRpcEnvelope {
  if (!isRecord(value)) return false;
  isFine = true;
  let required = 0;
  for (const name in value) {
    const field = FIELDS.get(name);
    if (field === undefined) return false;
    const member = value[name];
    if (member === undefined) continue;
    field.check(member, '', spoil);
    if (field.required) required++;
  }
  return isFine && required === REQUIRED;
}

function assertEnvelope(value: unknown): asserts value is AgentRpcEnvelope {
  if (isEnvelope(value)) return;
  let problems: EnvelopeProblem[] | undefined;
  const report: Report = (path, message) => {
    problems ??= [];
    if (problems.length < MAX_PROBLEMS) problems.push({ path, message });
  };
  if (!isRecord(value)) {
    report('', 'must be an object');
  } else {
    for (const [name, field] of FIELDS) {
      // An own undefined, which only a value built here can hold, is left out of the bytes like an absent key.
      const member = Object.hasOwn(value, name) ? value[name] : undefined;
      if (member !== undefined) field.check(member, `/${name}`, report);
      else if (field.required) report(`/${name}`, 'is required');
    }
    for (const name of Object.keys(value)) {
      if (!FIELDS.has(name)) report(`/${toToken(name)}`, 'is not a key of an envelope');
    }
  }
  if (problems !== undefined) throw invalid('The message is not a v1 envelope', problems);
}

function invalid(sentence: string, problems: readonly EnvelopeProblem[], cause?: unknown): AgentRpcError {
  const [first] = problems;
  const message = `${sentence}: ${first?.path || 'it'} ${first?.message}.`;
  return new AgentRpcError({ code: 'EAGENTRPC_INVALID_ENVELOPE', message, details: { problems }, cause });
}

function tooLarge(limit: keyof EnvelopeLimits, limits: EnvelopeLimits): AgentRpcError {
  return new AgentRpcError({
    code: 'EAGENTRPC_TOO_LARGE',
    message: `The message has more than ${limits[limit]} ${limit === 'depth' ? 'levels' : limit}.`,
    details: { limit, max: limits[limit] },
  });
}

/** Finds what would make JSON.parse build too much, without building anything. */
function assertShape(json: string, limits: EnvelopeLimits): void {
  // A key takes four characters at least. Most messages are so small that neither limit is near, and that is seen at once.
  if (json.length / 4 <= limits.keys && opensAtMost(limits.depth, json)) return;
  let depth = 0;
  let keys = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const unit = json.charCodeAt(index);
    if (inString) {
      if (unit === 0x5c) index++;
      else if (unit === 0x22) inString = false;
      continue;
    }
    if (unit === 0x22) inString = true;
    else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > limits.depth) throw tooLarge('depth', limits);
    } else if (unit === 0x7d || unit === 0x5d) depth--;
    // Outside a string each colon follows a key.
    else if (unit === 0x3a && ++keys > limits.keys) throw tooLarge('keys', limits);
  }
}

/** Whether there are no more opening brackets than that, those within strings included. */
function opensAtMost(most: number, json: string): boolean {
  let left = most;
  for (const bracket of BRACKETS) {
    for (let index = json.indexOf(bracket); index !== -1; index = json.indexOf(bracket, index + 1)) {
      if (--left < 0) return false;
    }
  }
  return true;
}

/** The envelope with its members in the order of the wire. */
export function orderEnvelope(envelope: AgentRpcEnvelope): AgentRpcEnvelope {
  return {
    version: envelope.version,
    kind: envelope.kind,
    messageId: envelope.messageId,
    correlationId: envelope.correlationId,
    causedBy: envelope.causedBy,
    from: envelope.from,
    to: envelope.to,
    capability: envelope.capability,
    replyTo: envelope.replyTo,
    deadline: envelope.deadline,
    tenantId: envelope.tenantId,
    headers: envelope.headers,
    payload: envelope.payload,
    auth: envelope.auth,
  };
}

/**
 * The bytes of an envelope. It makes none that {@link decodeEnvelope} with the same limits would refuse.
 *
 * @throws AgentRpcError EAGENTRPC_INVALID_ENVELOPE where a field breaks its rule or the payload has no JSON form, and
 * EAGENTRPC_TOO_LARGE
 */
export function encodeEnvelope(envelope: AgentRpcEnvelope, limits: EnvelopeLimits = defaultLimits): Uint8Array {
  assertEnvelope(envelope);
  return encodeOrdered(orderEnvelope(envelope), limits);
}

/**
 * The same for an envelope whose members are in the order of the wire, as those are that this package makes.
 *
 * `write` makes its text, and may add to it.
 */
export function encodeOrdered(
  envelope: AgentRpcEnvelope,
  limits: EnvelopeLimits,
  write: (envelope: AgentRpcEnvelope) => string = JSON.stringify,
): Uint8Array {
  assertEnvelope(envelope);
  let json: string;
  try {
    json = write(envelope);
  } catch (cause) {
    throw invalid('The message cannot be written', [{ path: '/payload', message: 'has no JSON form' }], cause);
  }
  assertShape(json, limits);
  const bytes = Buffer.from(json);
  if (bytes.length > limits.bytes) throw tooLarge('bytes', limits);
  return bytes;
}

// A byte order mark is kept, so that JSON.parse refuses it: two senders' bytes of one envelope do not differ.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads an envelope from bytes that may hold anything.
 *
 * @throws AgentRpcError EAGENTRPC_INVALID_ENVELOPE with each problem in `details.problems` (the first 100), and
 * EAGENTRPC_TOO_LARGE
 */
export function decodeEnvelope(bytes: Uint8Array, limits: EnvelopeLimits = defaultLimits): AgentRpcEnvelope {
  if (bytes.length > limits.bytes) throw tooLarge('bytes', limits);
  let message = 'is not UTF-8';
  let value: unknown;
  try {
    const json = decoder.decode(bytes);
    message = 'is not JSON';
    assertShape(json, limits);
    value = JSON.parse(json);
  } catch (cause) {
    if (isAgentRpcError(cause)) throw cause;
    throw invalid('The message is not a v1 envelope', [{ path: '', message }], cause);
  }
  assertEnvelope(value);
  return value;
}
