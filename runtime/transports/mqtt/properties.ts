import type { OutgoingMessage } from '../../transport.js';

/** What stands in a packet besides the bytes. Packets of others may have any of it or none. */
export interface Properties {
  readonly messageExpiryInterval?: number | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Buffer | undefined;
  readonly userProperties?: { readonly [name: string]: string | string[] } | undefined;
}

/** How many seconds a message was good for when it was sent: brokers tell only what is left of them. */
const EXPIRY = 'x-declaragent-expiry-s';
/** Marks what is sent only to see whether anybody reads a topic. */
const PROBE = 'x-declaragent-probe';

const SECONDS = /^\d{1,9}$/;

/** What goes with a message. Its ids come from outside and may hold what MQTT allows in no string. */
export function propertiesOf(message: OutgoingMessage, replyTopic: string | undefined): Properties {
  const { kind, correlationId, ttlMs } = message;
  const correlationData = Buffer.from(correlationId);
  if (ttlMs === undefined) return { correlationData };
  const seconds = Math.ceil(ttlMs / 1_000);
  // Nobody asks how long an answer was held.
  if (kind === 'response') return { messageExpiryInterval: seconds, correlationData };
  return {
    messageExpiryInterval: seconds,
    userProperties: { [EXPIRY]: String(seconds) },
    correlationData,
    ...(kind === 'request' && replyTopic !== undefined && { responseTopic: replyTopic }),
  };
}

export const probeProperties: Properties = { messageExpiryInterval: 1, userProperties: { [PROBE]: '1' } };

export function isProbe(properties: Properties | undefined): boolean {
  return properties?.userProperties?.[PROBE] !== undefined;
}

/**
 * How long the broker held a message, at the least, in milliseconds: it counts whole seconds, and one begins soon after
 * another.
 */
export function ageOf(properties: Properties | undefined): number | undefined {
  const sent = properties?.userProperties?.[EXPIRY];
  const left = properties?.messageExpiryInterval;
  if (typeof sent !== 'string' || left === undefined || !SECONDS.test(sent)) return undefined;
  return Math.max(0, Number(sent) - left - 1) * 1_000;
}
