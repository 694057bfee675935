import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AgentAddress } from './address.js';
import { type Clock, systemClock } from './clock.js';
import { MAX_AHEAD_MS } from './duplicates.js';
import {
  type AgentRpcEnvelope,
  type EnvelopeAuth,
  type EnvelopeLimits,
  encodeOrdered,
  orderEnvelope,
} from './envelope.js';
import { AgentRpcError } from './errors.js';

/** A secret that lets one agent, of one tenant or of none, sign. */
export interface HmacKey {
  /** Goes along with each signature: while keys are changed it tells which of them was used. */
  readonly keyId: string;
  /** Its UTF-8 bytes are the key. */
  readonly secret: string;
  /** The only sender that it may sign for. */
  readonly agent: AgentAddress;
  readonly tenantId?: string;
  /** The only receiver that it may sign for, where two agents share a key; any, unless set. */
  readonly to?: AgentAddress;
}

/** What an envelope carries whose sender has a token of an identity provider. */
export type TokenAuth = Extract<EnvelopeAuth, { readonly token: string }>;

/**
 * Decides whether a token proves that `envelope.from`, of `envelope.tenantId`, sent the envelope. Only `true` does;
 * what is thrown refuses it as well. A token says nothing of what else the envelope holds.
 */
export type TokenVerifier = (auth: TokenAuth, envelope: AgentRpcEnvelope) => boolean | Promise<boolean>;

/** How a bus proves who it is, and what proof it asks of others. */
export interface AuthOptions {
  /**
   * The keys that are live now. The first that belongs to the agent and tenant of a message that goes out signs it; a
   * message that comes in is good under any that belongs to its sender. A function is asked for each message, so that
   * keys can be changed while the bus runs: let the receivers have the new one first.
   */
  readonly keys?: readonly HmacKey[] | (() => readonly HmacKey[]);
  /**
   * Whether a request, event or response without a proof is refused: all of them unless set. Whoever has a key here, or
   * says to have a token, is held to it in any case.
   */
  readonly required?: boolean | ((envelope: AgentRpcEnvelope) => boolean);
  /** Who checks the tokens of each kind. What has no verifier is refused. */
  readonly verifiers?: { readonly [Kind in TokenAuth['kind']]?: TokenVerifier };
  /**
   * How long a verifier may take, in milliseconds; 10,000 unless set. A message whose verifier has not decided by then is
   * refused.
   */
  readonly verifierTimeoutMs?: number;
  /** Gives the token that goes along with a message which no key signs; undefined for one that goes without. */
  readonly token?: (envelope: AgentRpcEnvelope) => TokenAuth | undefined | Promise<TokenAuth>;
}

/** Proves who sends what goes out, and checks who has sent what comes in. */
export interface Authenticator {
  /** Whether a message is let in only with a proof of who sent it. */
  requiresProof(envelope: AgentRpcEnvelope): boolean;
  /** Why a message is not let in. A promise only where a verifier of tokens gives one, which does not reject. */
  verify(envelope: AgentRpcEnvelope): AgentRpcError | undefined | Promise<AgentRpcError | undefined>;
  /**
   * Why a message that has to be proved, and is, is not let in all the same: it could be sent again by anybody, once it is
   * forgotten that it has come.
   */
  findReplay(envelope: AgentRpcEnvelope, now: number, clockSkewMs: number): AgentRpcError | undefined;
  /**
   * The bytes of a message with its proof; its members stand in the order of the wire. A promise only where the token is one.
   *
   * @throws AgentRpcError EAGENTRPC_AUTH_FAILED where it cannot be proved, and what encodeEnvelope throws
   */
  encode(envelope: AgentRpcEnvelope, limits: EnvelopeLimits): Uint8Array | Promise<Uint8Array>;
}

const DEFAULT_VERIFIER_TIMEOUT_MS = 10_000;
const MAX_VERIFIER_TIMEOUT_MS = 600_000;
/** How many proofs may be under check at once, where that takes time. */
const MAX_CHECKS = 1_000;
const SIGNATURE = /^[0-9a-f]{64}$/;

/** The text whose UTF-8 bytes a signature covers: the whole envelope in the order of the wire, but for `auth`. */
function canonicalText(envelope: AgentRpcEnvelope): string {
  return JSON.stringify({ ...orderEnvelope(envelope), auth: undefined });
}

/** The bytes that a signature covers. */
export function canonicalBytes(envelope: AgentRpcEnvelope): Uint8Array {
  return Buffer.from(canonicalText(envelope));
}

function sign(text: string, { keyId, secret }: HmacKey): EnvelopeAuth {
  return { kind: 'hmac', keyId, signature: createHmac('sha256', secret).update(text).digest('hex') };
}

/** The text of an envelope that has no auth, with one. It is the last member, so that what is signed is not written twice. */
function writeSigned(envelope: AgentRpcEnvelope, key: HmacKey): string {
  const text = JSON.stringify(envelope);
  return `${text.slice(0, -1)},"auth":${JSON.stringify(sign(text, key))}}`;
}

/** Returns the envelope signed with `key`. */
export function signEnvelope(envelope: AgentRpcEnvelope, key: HmacKey): AgentRpcEnvelope {
  return { ...envelope, auth: sign(canonicalText(envelope), key) };
}

/**
 * Checks the signature of an envelope against the keys that are live now: several per agent while keys are changed.
 *
 * @throws AgentRpcError EAGENTRPC_AUTH_FAILED. Its message is one for all reasons, since it may reach whoever is
 * guessing; `cause` holds the reason and stays here.
 */
export function verifyEnvelope(envelope: AgentRpcEnvelope, keys: readonly HmacKey[]): void {
  const reason = findReason(envelope, keys);
  if (reason !== undefined) throw refusal(envelope, 'The signature of the message was refused.', reason);
}

/** Gives an agent what its bus checks and proves with; `clock` is that of the bus. */
export type Auth = (agent: AgentAddress, clock?: Clock) => Authenticator;

/**
 * Makes what `createBus({ auth })` takes.
 *
 * @throws Error, when the bus is made, where all must prove who they are and nobody can; RangeError for a
 * verifierTimeoutMs that is wrong
 */
export function createAuth(options: AuthOptions): Auth {
  const { verifierTimeoutMs = DEFAULT_VERIFIER_TIMEOUT_MS } = options;
  if (!Number.isInteger(verifierTimeoutMs) || verifierTimeoutMs < 1 || verifierTimeoutMs > MAX_VERIFIER_TIMEOUT_MS) {
    throw new RangeError(`verifierTimeoutMs must be a whole number from 1 to ${MAX_VERIFIER_TIMEOUT_MS}.`);
  }
  return (agent, clock = systemClock) => createAuthenticator(agent, { ...options, verifierTimeoutMs }, clock);
}

function createAuthenticator(
  agent: AgentAddress,
  options: AuthOptions & { readonly verifierTimeoutMs: number },
  clock: Clock,
): Authenticator {
  const { required = true, verifiers = {}, verifierTimeoutMs, token } = options;
  const isDeaf =
    required === true &&
    Object.keys(verifiers).length === 0 &&
    typeof options.keys !== 'function' &&
    !options.keys?.some((key) => key.agent !== agent);
  if (isDeaf) {
    throw new Error(
      `The auth of ${agent} lets in only what is proved, and has no key of another agent and no verifier to check a proof ` +
        'with; add those of the agents that it hears, or set required to false.',
    );
  }
  let checks = 0;
  const liveKeys = (): readonly HmacKey[] =>
    typeof options.keys === 'function' ? options.keys() : (options.keys ?? NO_KEYS);

  /**
   * Whoever has a key is held to it: a message without a signature would take its holder's name in vain. Where what is
   * asked throws, a proof is required: better refused than let in.
   */
  const requiresProof = (envelope: AgentRpcEnvelope): boolean => {
    try {
      if (typeof required === 'function' ? required(envelope) : required) return true;
      return liveKeys().some((key) => key.agent === envelope.from);
    } catch {
      return true;
    }
  };

  const refuse = (envelope: AgentRpcEnvelope, cause: unknown): AgentRpcError =>
    refusal(envelope, 'The proof of who sent the message was refused.', cause);

  const verifyToken = (auth: TokenAuth, envelope: AgentRpcEnvelope): ReturnType<Authenticator['verify']> => {
    const verifier = Object.hasOwn(verifiers, auth.kind) ? verifiers[auth.kind] : undefined;
    if (verifier === undefined) return refusal(envelope, `${agent} cannot verify auth of kind ${auth.kind}.`);
    const judge = (isProof: boolean): AgentRpcError | undefined =>
      isProof === true ? undefined : refuse(envelope, 'its token is refused');
    if (checks >= MAX_CHECKS) {
      const { correlationId, messageId } = envelope;
      const message = `${MAX_CHECKS} other proofs are already under check.`;
      return new AgentRpcError({ code: 'EAGENTRPC_BUSY', message, correlationId, messageId });
    }
    const verdict = verifier(auth, envelope);
    if (typeof verdict === 'boolean') return judge(verdict);
    checks++;
    const judged = Promise.resolve(verdict).then(judge, (cause: unknown) => refuse(envelope, cause));
    return new Promise<AgentRpcError | undefined>((resolve) => {
      const cancel = clock.setTimer(verifierTimeoutMs, () => {
        resolve(refuse(envelope, `its verifier has not decided within ${verifierTimeoutMs} ms`));
      });
      void judged.then((objection) => {
        cancel();
        resolve(objection);
      });
    }).finally(() => checks--);
  };

  const findKey = (envelope: AgentRpcEnvelope): HmacKey | undefined => {
    let live: readonly HmacKey[];
    try {
      live = liveKeys();
    } catch (cause) {
      throw refusal(envelope, `${agent} has no key to sign with, since what gives its keys has failed.`, cause);
    }
    const own = live.filter((key) => key.agent === agent && (key.to === undefined || key.to === envelope.to));
    const key = own.find(({ tenantId }) => tenantId === envelope.tenantId);
    // Better not sent than sent without the signature that the others of this agent have.
    if (key === undefined && own.length > 0) {
      const whose = envelope.tenantId === undefined ? 'no tenant' : `the tenant ${envelope.tenantId}`;
      throw refusal(envelope, `${agent} has no key to sign with for ${whose}.`);
    }
    return key;
  };

  return {
    requiresProof,

    verify(envelope) {
      const { auth } = envelope;
      try {
        if (auth === undefined || auth.kind === 'internal') {
          return requiresProof(envelope) ? refuse(envelope, 'it carries no proof') : undefined;
        }
        if (auth.kind !== 'hmac') return verifyToken(auth, envelope);
        const reason = findReason(envelope, liveKeys());
        return reason === undefined ? undefined : refuse(envelope, reason);
      } catch (cause) {
        return refuse(envelope, cause);
      }
    },

    findReplay(envelope, now, clockSkewMs) {
      if (!requiresProof(envelope)) return undefined;
      const leftMs = envelope.deadline === undefined ? Number.NaN : envelope.deadline - now;
      if (leftMs > -clockSkewMs && leftMs <= MAX_AHEAD_MS) return undefined;
      const message = 'A message that has to be proved needs a deadline which is not over, and within 15 minutes.';
      return refusal(envelope, message);
    },

    encode(envelope, limits) {
      const key = findKey(envelope);
      if (key !== undefined) return encodeOrdered(envelope, limits, (ordered) => writeSigned(ordered, key));
      if (token === undefined) return encodeOrdered(envelope, limits);
      const fail = (cause: unknown): never => {
        throw refusal(envelope, `${agent} has no token to send with the message.`, cause);
      };
      const attach = (auth: TokenAuth | undefined): Uint8Array => encodeOrdered({ ...envelope, auth }, limits);
      let given: ReturnType<typeof token>;
      try {
        given = token(envelope);
      } catch (cause) {
        return fail(cause);
      }
      if (!(given instanceof Promise)) return attach(given);
      // What cannot be sent with any token is said now.
      encodeOrdered(envelope, limits);
      return given.then(attach, fail);
    },
  };
}

const NO_KEYS: readonly HmacKey[] = [];

function refusal(
  { correlationId, messageId }: AgentRpcEnvelope,
  message: string,
  cause?: unknown,
): AgentRpcError<'EAGENTRPC_AUTH_FAILED'> {
  return new AgentRpcError({ code: 'EAGENTRPC_AUTH_FAILED', message, correlationId, messageId, cause });
}

function findReason(envelope: AgentRpcEnvelope, keys: readonly HmacKey[]): string | undefined {
  const { auth, from, to, tenantId } = envelope;
  if (auth?.kind !== 'hmac') return 'it is not signed';
  let reason = 'its keyId is not known';
  for (const key of keys) {
    if (key.keyId !== auth.keyId) continue;
    if (key.agent !== from) reason = 'its key belongs to another agent';
    else if (key.tenantId !== tenantId) reason = 'its key belongs to another tenant';
    else if (key.to !== undefined && key.to !== to) reason = 'its key is for another receiver';
    else return findFlaw(envelope, auth.signature, key);
  }
  return reason;
}

function findFlaw(envelope: AgentRpcEnvelope, signature: string, { secret }: HmacKey): string | undefined {
  // Buffer.from skips what is not hex, and timingSafeEqual throws on unequal lengths.
  if (!SIGNATURE.test(signature)) return 'its signature is not 64 lower-case hex digits';
  const text = canonicalText(envelope);
  // What was signed as null can have been made a number on its way that is too large to be read, and is written as null.
  if (text.includes('null') && holdsInfinity(envelope.payload)) return 'it holds a number out of range';
  const expected = createHmac('sha256', secret).update(text).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? undefined : 'its signature does not fit';
}

/** No deeper than the limit of an envelope that has been read. */
function holdsInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsInfinity);
}
