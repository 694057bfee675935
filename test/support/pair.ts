import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'vitest';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { type Call, createCall } from '../../runtime/client.js';
import { HOP_CHANNEL, type Hop } from '../../runtime/diagnostics.js';
import { type AgentRpcEnvelope, decodeEnvelope } from '../../runtime/envelope.js';
import { createRetries } from '../../runtime/retry.js';
import { type ServeOptions, type Service, serve } from '../../runtime/server.js';
import { implement, type Skill } from '../../runtime/skill.js';
import type { ConnectionWatcher, Transport } from '../../runtime/transport.js';
import { createMemoryBroker, type MemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createManualClock, type ManualClock, settle } from './manual-clock.js';
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
  const retries = createRetries();
  const concierge = await createBus({ agent: 'agent://concierge', transports, clock, retries, ...options.client });
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

/** Where the reviewer is asked. */
export const INBOX = 'agents.pr-reviewer.requests';

/** Sends a stranger's request and returns the payload of what is answered. */
export async function ask(members: Record<string, unknown>, options: PairOptions = {}): Promise<unknown[]> {
  const { broker } = await createPair(options);
  const heard = listen(broker, 'agents.stranger.responses');
  inject(broker, INBOX, strangersRequest(members));
  await settle();
  return heard.map(({ payload }) => payload);
}

/** The payload of an answer that says what went wrong. */
export const errorOf = (code: string): unknown => ({ ok: false, error: expect.objectContaining({ code }) });

/** A caller whose peer is played by the test: `answer` says what the peer sends back. */
export async function createPlayed(answer: Record<string, unknown>) {
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const bus = await createBus({ agent: 'agent://concierge', transports: [memory({ broker })], clock, instance: 'i' });
  broker.subscribe('agents.pr-reviewer.requests', 'requests', ({ bytes }) => {
    const { messageId, correlationId, capability, from, to, replyTo } = JSON.parse(Buffer.from(bytes).toString());
    const response = { version: 1, kind: 'response', messageId: 'r', correlationId, causedBy: messageId };
    inject(broker, replyTo.slice('memory://'.length), { ...response, from: to, to: from, capability, ...answer });
  });
  return { clock, bus, review: createCall(bus, reviewerContract, reviewCapability) };
}

/** What a peer that is played sends back when it fails. */
export const failure = (code: string, details?: unknown) => ({
  payload: { ok: false, error: { code, message: 'no', details } },
});

/** Who does not care how a connection is. */
export const noWatcher: ConnectionWatcher = { lost: () => {}, restored: () => {} };

/** A memory transport whose connection behaves as the test says. */
export function faulty(transport: Transport, members: Partial<Awaited<ReturnType<Transport['connect']>>>): Transport {
  return {
    ...transport,
    connect: async (owner, watcher) => ({ ...(await transport.connect(owner, watcher)), ...members }),
  };
}
