import { type Channel, channel } from 'node:diagnostics_channel';
import type { AgentAddress } from './address.js';
import type { Clock } from './clock.js';
import type { AgentRpcEnvelope, EnvelopeKind } from './envelope.js';
import type { Executed, FailureStatus } from './errors.js';

/**
 * What happened to a message:
 *
 * - `sent`: this bus hands a request or event to its broker
 * - `received`: a request or event came and passed the checks of the envelope
 * - `answered`: this bus hands an answer to its broker
 * - `unanswered`: an answer was made and could not be published
 * - `refused`: a message was not let in, or not run: its envelope, its input, its capability or the load speaks against it
 * - `expired`: the time of a request was up, before or while its skill ran
 * - `duplicate`: a request or event came again, and was not run again
 * - `late`: an answer came that no call waits for
 * - `ignored`: a skill answered a second time, or after its time was up
 * - `failed`: a skill threw, or answered what breaks its contract or cannot be sent; `error` holds what. For an event also
 *   a declared error, in `code` and `reason`
 * - `settled`: a call has its outcome
 */
export type HopEvent =
  | 'sent'
  | 'received'
  | 'answered'
  | 'unanswered'
  | 'refused'
  | 'expired'
  | 'duplicate'
  | 'late'
  | 'ignored'
  | 'failed'
  | 'settled';

/** One step of a message, as the bus of `agent` saw it. Names in it come from outside and may hold any character. */
export interface Hop {
  readonly event: HopEvent;
  readonly agent: AgentAddress;
  /** Milliseconds since the epoch, on the clock of the bus. */
  readonly at: number;
  readonly kind?: EnvelopeKind | undefined;
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causedBy?: string | undefined;
  readonly from?: AgentAddress | undefined;
  readonly to?: AgentAddress | undefined;
  readonly capability?: string | undefined;
  readonly tenantId?: string | undefined;
  /** Of a call that is settled: how it ended. */
  readonly status?: 'ok' | FailureStatus;
  /** One of the runtime's codes or a declared one, where something went wrong. */
  readonly code?: string;
  readonly executed?: Executed;
  /** A sentence. */
  readonly reason?: string;
  /** How many like it came before it, within a second, that are not reported. */
  readonly omitted?: number;
  /** What a skill threw, or why what it answered could not be used. It may hold secrets: it is for the process that it was thrown in. */
  readonly error?: unknown;
  /**
   * Of a hop that is `sent` or `received` the input, of one that is `answered` the result, of one that is `settled` the
   * result that came, if any. It is the very value, which may change later, and it may hold secrets.
   */
  readonly payload?: unknown;
}

/** What is known of the message of a hop. */
export type HopSubject = Partial<
  Pick<
    AgentRpcEnvelope,
    'kind' | 'messageId' | 'correlationId' | 'causedBy' | 'from' | 'to' | 'capability' | 'tenantId'
  >
>;

/** How the step ended. */
export type HopVerdict = Pick<Hop, 'status' | 'code' | 'executed' | 'reason' | 'omitted' | 'error'>;

/** The channel that carries a {@link Hop} for each step; `node:diagnostics_channel` subscribes to it by its name. */
export const HOP_CHANNEL = 'declaragent:hop';

const hops: Channel = channel(HOP_CHANNEL);

/** Publishes a hop, and builds nothing when nobody looks. */
export function reportHop(
  event: HopEvent,
  agent: AgentAddress,
  clock: Clock,
  subject: HopSubject,
  verdict?: HopVerdict,
  payload?: unknown,
): void {
  if (!hops.hasSubscribers) return;
  const { kind, messageId, correlationId, causedBy, from, to, capability, tenantId } = subject;
  // Members that are undefined stay: dropping them costs more than the rest of the hop.
  const message = {
    event,
    agent,
    at: clock.now(),
    kind,
    messageId,
    correlationId,
    causedBy,
    from,
    to,
    capability,
    tenantId,
    payload,
  };
  const hop: Hop = verdict === undefined ? message : { ...message, ...verdict };
  hops.publish(hop);
}
