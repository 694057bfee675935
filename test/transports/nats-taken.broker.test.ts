import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { Delivery } from '../../runtime/transport.js';
import { nats } from '../../runtime/transports/nats.js';
import type { Broker } from '../brokers/broker.js';
import { startNats } from '../brokers/nats.js';
import { createFaultProxy } from '../brokers/proxy.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';
import { describeWithBroker } from './real-broker.js';

/*
 * A server confirms acknowledgements before it writes them down, and forgets them when it is killed in between. The soak over
 * JetStream shows that by chance; here the note stands without the acknowledgement, as it does then.
 */
describeWithBroker('nats', () => {
  let broker: Broker | undefined;
  const buses: Bus[] = [];
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.stop({ graceMs: 0 })));
    await broker?.close();
  });

  const start = async (): Promise<number> => {
    broker = await startNats('jetstream { store_dir: "jetstream" }');
    return broker.port;
  };
  const open = async (port: number, agent: BusOptions['agent']): Promise<Bus> => {
    const bus = await createBus({ agent, transports: [nats({ servers: [`127.0.0.1:${port}`], jetstream: true })] });
    buses.push(bus);
    return bus;
  };
  const serveReviewer = async (port: number, echo: (input: unknown) => unknown): Promise<Bus> => {
    const bus = await open(port, 'agent://pr-reviewer');
    const review = implement(reviewCapability, () => ({ verdict: 'approve' }));
    await serve(bus, reviewerContract, [review, implement(echoCapability, echo)]);
    return bus;
  };

  test('what is not idempotent is noted before it runs, and nothing else', async () => {
    const port = await start();
    const client = await connect({ servers: `127.0.0.1:${port}` });
    const { streams } = await jetstreamManager(client);
    const notes = async (): Promise<number> => (await streams.info('agents_pr-reviewer_requests_taken')).state.messages;
    const atStart: number[] = [];
    await serveReviewer(port, async () => atStart.push(await notes()));
    const caller = await open(port, 'agent://concierge');
    await createCall(caller, reviewerContract, reviewCapability)({ prUrl: 'x' });
    expect(await notes()).toBe(0);
    await createCall(caller, reviewerContract, echoCapability)('x');
    expect(atStart).toEqual([1]);
    await client.close();
  });

  test('what is noted does not run again, and what merely waited runs', async () => {
    const port = await start();
    await (await serveReviewer(port, () => 'never')).stop();
    const client = await connect({ servers: `127.0.0.1:${port}` });
    const { streams } = await jetstreamManager(client);
    const echo = createCall(await open(port, 'agent://concierge'), reviewerContract, echoCapability).start;
    const stream = 'agents_pr-reviewer_requests';
    const hold = async (input: string, count: number) => {
      const call = echo(input, { timeoutMs: 10_000 });
      await expect.poll(async () => (await streams.info(stream)).state.messages).toBe(count);
      return call;
    };
    const taken = await hold('taken', 1);
    const waiting = await hold('waiting', 2);
    const { state } = await streams.info(stream);
    const message = await streams.getMessage(stream, { seq: state.first_seq });
    client.publish(`agents.pr-reviewer.requests.taken.${state.first_seq}-${nanosecondsOf(message?.timestamp ?? '')}`);
    await client.flush();

    const skill = vi.fn((input: unknown) => input);
    await serveReviewer(port, skill);
    expect(await taken.outcome).toMatchObject({ executed: 'maybe', error: { code: 'EAGENTRPC_INTERRUPTED' } });
    expect(await waiting.result).toBe('waiting');
    expect(skill.mock.calls.map(([input]) => input)).toEqual(['waiting']);
    await client.close();
  });

  test('a reader that stops hands out what it has, after it has asked whether that ran', async () => {
    const port = await start();
    await (await serveReviewer(port, () => 'never')).stop();
    await createCall(await open(port, 'agent://concierge'), reviewerContract, echoCapability).start('x');
    const proxy = await createFaultProxy(port);
    onTestFinished(() => proxy.close());
    const transport = nats({ servers: [`127.0.0.1:${proxy.port}`], jetstream: true });
    const owner = { agent: 'agent://pr-reviewer', instance: 'stopping' } as const;
    const connection = await transport.connect(owner, { lost: () => {}, restored: () => {} });
    onTestFinished(() => connection.close());
    const deliveries: Delivery[] = [];
    const subscription = await connection.subscribe('agents.pr-reviewer.requests', 'requests', (delivery) =>
      deliveries.push(delivery),
    );
    // What was asked for is on its way, and comes together with the end of the subscription.
    proxy.stall('toClient');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const closed = subscription.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(deliveries).toEqual([]);
    proxy.open();
    await closed;
    expect(deliveries.map(({ redelivered }) => redelivered)).toEqual([false]);
  });
});

function nanosecondsOf(timestamp: string): string {
  const [seconds = '', fraction = ''] = timestamp.replace(/Z$/, '').split('.');
  return `${Date.parse(`${seconds}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
}
