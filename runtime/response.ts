import { type Channel, channel } from 'node:diagnostics_channel';
import type { AgentAddress } from './address.js';
import type { Outcome } from './outcome.js';

/** The end of a call that `start` has begun, for those who do not hold its handle. */
export interface ResponseEvent {
  /** Who called. */
  readonly agent: AgentAddress;
  readonly to: AgentAddress;
  readonly capability: string;
  readonly messageId: string;
  readonly correlationId: string;
  readonly outcome: Outcome<unknown, Record<string, unknown>>;
}

/** The channel of `node:diagnostics_channel` that carries a {@link ResponseEvent} when a started call has ended. */
export const RESPONSE_CHANNEL = 'agent.rpc.response';

const responses: Channel = channel(RESPONSE_CHANNEL);

/** Tells whoever listens. */
export function reportResponse(event: ResponseEvent): void {
  if (responses.hasSubscribers) responses.publish(event);
}
