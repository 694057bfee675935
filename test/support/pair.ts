import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { type Call, createCall } from '../../runtime/client.js';
import { HOP_CHANNEL, type Hop } from '../../runtime/diagnostics.js';
import { type AgentRpcEnvelope, decodeEnvelope } from '../../runtime/envelope.js';
import { type ServeOptions, type Service, serve } from '../../runtime/server.js';
import { implement, type Skill } from '../../runtime/skill.js';
import { createMemoryBroker, type MemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createManualClock, type ManualClock } from './manual-clock.js';
import {
  echoCapability,
  type ReviewErrors,
  type ReviewInput,
  type ReviewOutput,
  reviewCapability,
  reviewerContract,
} from './reviewer.js';

export interface PairOptions {
  readonly review?: Skill<ReviewInput, ReviewOutput, ReviewErrors>;
  readonly echo?: Skill<unknown, unknown, Record<never, never>>;
  readonly serve?: ServeOptions;
  readonly server?: Partial<BusOptions>;
  readonly client?: Partial<BusOptions>;
}

/** A concierge and a reviewer on a broker of their own, under a clock that stands still. */
export interface Pair {
  readonly broker: MemoryBroker;
  readonly clock: ManualClock;
  readonly concierge: Bus;
  readonly reviewer: Bus;
  readonly service: Service;
  readonly review: Call<ReviewInput, ReviewOutput, ReviewErrors>;
  readonly echo: Call<unknown, unknown, Record<never, never>>;
  /** What skills threw. */
  readonly thrown: unknown[];
}

export async function createPair(options: PairOptions = {}): Promise<Pair> {
  const { review = () => ({ verdict: 'approve' }), echo = (input) => input } = options;
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const transports = [memory({ broker })];
  const reviewer = await createBus({ agent: 'agent://pr-reviewer', transports, clock, ...options.server });
  const concierge = await createBus({ agent: 'agent://concierge', transports, clock, ...options.client });
  const thrown: unknown[] = [];
  const service = await serve(
    reviewer,
    reviewerContract,
    [implement(reviewCapability, review), implement(echoCapability, echo)],
    { onError: (error) => thrown.push(error), ...options.serve },
  );
  return {
    broker,
    clock,
    concierge,
    reviewer,
    service,
    thrown,
    review: createCall(concierge, reviewerContract, reviewCapability),
    echo: createCall(concierge, reviewerContract, echoCapability),
  };
}

/** Reads what is published to a topic, as a stranger would. */
export function listen(broker: MemoryBroker, topic: string): AgentRpcEnvelope[] {
  const heard: AgentRpcEnvelope[] = [];
  broker.subscribe(topic, 'requests', ({ bytes }) => heard.push(decodeEnvelope(bytes)));
  return heard;
}

/** Publishes any bytes or JSON, as a stranger would. */
export function inject(broker: MemoryBroker, topic: string, message: unknown): void {
  const bytes = message instanceof Uint8Array ? message : Buffer.from(JSON.stringify(message));
  broker.publish({ topic, kind: 'request', bytes, messageId: 'm', correlationId: 'c' });
}

/** A request to the reviewer as a stranger would write it, answered at `agents.stranger.responses`. */
export function strangersRequest(members: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version: 1,
    kind: 'request',
    messageId: 'm1',
    correlationId: 'c1',
    from: 'agent://stranger',
    to: 'agent://pr-reviewer',
    capability: 'echo',
    replyTo: 'memory://agents.stranger.responses',
    payload: 'hello',
    ...members,
  };
}

/** Collects hops until `stop` is called. */
export function watchHops(): { readonly hops: Hop[]; stop(): void } {
  const hops: Hop[] = [];
  const onHop = (message: unknown): void => {
    hops.push(message as Hop);
  };
  subscribe(HOP_CHANNEL, onHop);
  return { hops, stop: () => unsubscribe(HOP_CHANNEL, onHop) };
}
