import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AgentAddress } from './address.js';
import { type AgentRpcEnvelope, orderEnvelope } from './envelope.js';
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
}

const SIGNATURE = /^[0-9a-f]{64}$/;

/** The bytes that a signature covers: the whole envelope in the order of the wire, but for `auth`. */
export function canonicalBytes(envelope: AgentRpcEnvelope): Uint8Array {
  return Buffer.from(JSON.stringify({ ...orderEnvelope(envelope), auth: undefined }));
}

/** Returns the envelope signed with `key`. */
export function signEnvelope(envelope: AgentRpcEnvelope, key: HmacKey): AgentRpcEnvelope {
  const signature = createHmac('sha256', key.secret).update(canonicalBytes(envelope)).digest('hex');
  return { ...envelope, auth: { kind: 'hmac', keyId: key.keyId, signature } };
}

/**
 * Checks the signature of an envelope against the keys that are live now: several per agent while keys are changed.
 *
 * @throws AgentRpcError EAGENTRPC_AUTH_FAILED. Its message is one for all reasons, since it may reach whoever is
 * guessing; `cause` holds the reason and stays here.
 */
export function verifyEnvelope(envelope: AgentRpcEnvelope, keys: readonly HmacKey[]): void {
  const reason = findReason(envelope, keys);
  if (reason === undefined) return;
  throw new AgentRpcError({
    code: 'EAGENTRPC_AUTH_FAILED',
    message: 'The signature of the message was refused.',
    correlationId: envelope.correlationId,
    messageId: envelope.messageId,
    cause: reason,
  });
}

function findReason(envelope: AgentRpcEnvelope, keys: readonly HmacKey[]): string | undefined {
  const { auth } = envelope;
  if (auth?.kind !== 'hmac') return 'it is not signed';
  const key = keys.find(({ keyId }) => keyId === auth.keyId);
  if (key === undefined) return 'its keyId is not known';
  if (key.agent !== envelope.from) return 'its key belongs to another agent';
  if (key.tenantId !== envelope.tenantId) return 'its key belongs to another tenant';
  // Buffer.from skips what is not hex, and timingSafeEqual throws on unequal lengths.
  if (!SIGNATURE.test(auth.signature)) return 'its signature is not 64 lower-case hex digits';
  const expected = createHmac('sha256', key.secret).update(canonicalBytes(envelope)).digest();
  return timingSafeEqual(expected, Buffer.from(auth.signature, 'hex')) ? undefined : 'its signature does not fit';
}
