import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { Clock } from '../../runtime/clock.js';
import { decodeEnvelope } from '../../runtime/envelope.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createSeededRandom } from '../../runtime/testing/index.js';
import type { Transport } from '../../runtime/transport.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { BROKER_KINDS, type Broker } from '../brokers/broker.js';
import { outsideClients } from '../brokers/outside/clients.js';
import { brokerPrograms } from '../brokers/programs.js';
import { createTransport } from '../brokers/transports.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';
import { describeWithBroker } from './real-broker.js';

/** The same on every bus, so that the same call makes the same bytes; timers run as they do. */
const NOW = Date.UTC(2026, 0, 1);
const clock: Clock = {
  now: () => NOW,
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
const PAYLOAD = { text: 'Grüße, "agent"\n\u2028 ✓', list: [1, 2.5, null, true] };
const REQUESTS = 'agents.pr-reviewer.requests';
const REPLIES = 'agents.outsider.responses.one';

const buses: Bus[] = [];
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.stop()));
});

async function open(agent: BusOptions['agent'], transport: Transport): Promise<Bus> {
  const bus = await createBus({
    agent,
    transports: [transport],
    instance: 'one',
    clock,
    random: createSeededRandom(7),
  });
  buses.push(bus);
  return bus;
}

/** The bytes of a call, as the memory transport carries them. */
async function requestInMemory(): Promise<Buffer> {
  const broker = createMemoryBroker();
  const seen = new Promise<Buffer>((resolve) => {
    broker.subscribe(REQUESTS, 'requests', ({ bytes }) => resolve(Buffer.from(bytes)));
  });
  await makeCall(memory({ broker }));
  return seen;
}

async function makeCall(transport: Transport): Promise<void> {
  const bus = await open('agent://concierge', transport);
  // Nobody answers, and nobody has to.
  void createCall(bus, reviewerContract, echoCapability).outcome(PAYLOAD, {
    correlationId: 'c1',
    timeoutMs: 10_000,
    headers: { 'x-note': 'ü', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  });
}

async function startReviewer(transport: Transport): Promise<void> {
  const bus = await open('agent://pr-reviewer', transport);
  await serve(bus, reviewerContract, [implement(reviewCapability, () => {}), implement(echoCapability, (x) => x)]);
}

/** A request as another implementation may write it: other order of keys, white space, ids of its own. */
function handMade(kind: string): Buffer {
  const request = {
    ...{ payload: PAYLOAD, capability: 'echo', to: 'agent://pr-reviewer', from: 'agent://outsider' },
    ...{
      correlationId: 'chain/1',
      messageId: 'theirs:1',
      replyTo: `${kind}://${REPLIES}`,
      kind: 'request',
      version: 1,
    },
    deadline: NOW + 60_000,
  };
  return Buffer.from(JSON.stringify(request, null, 1).replaceAll('\n', ' '));
}

async function answerInMemory(): Promise<Buffer> {
  const broker = createMemoryBroker();
  await startReviewer(memory({ broker }));
  const seen = new Promise<Buffer>((resolve) => {
    broker.subscribe(REPLIES, 'responses', ({ bytes }) => resolve(Buffer.from(bytes)));
  });
  broker.publish({ topic: REQUESTS, kind: 'request', bytes: handMade('memory'), messageId: '', correlationId: '' });
  return seen;
}

const withoutReplyTo = (bytes: Buffer): string => bytes.toString().replace(/"replyTo":"[^"]*",/, '');

describe.each(BROKER_KINDS)('seen from outside, on %s:', (kind) => {
  describeWithBroker(kind, () => {
    const outside = outsideClients[kind];
    const missing = outside.missing();
    let broker: Broker;
    // One for each: a request that nobody has answered is answered by the next who serves, and takes an id of its answers.
    beforeEach(async () => {
      broker = await brokerPrograms[kind].start();
    });
    afterEach(() => broker.close());

    if (missing !== undefined) {
      const reason = `this machine lacks ${missing}; run "npm run brokers -- install ${kind}"`;
      if (process.env['DECLARAGENT_REQUIRE_BROKERS'] === '1')
        test(`${outside.name} is there`, () => expect.fail(reason));
      else test.skip(`${outside.name}: ${reason}`, () => {});
      return;
    }

    test(`${outside.name} reads the very bytes of a request that memory carries`, async () => {
      await outside.declare(broker, REQUESTS);
      const reading = await outside.read(broker, REQUESTS);
      await makeCall(await createTransport(kind, broker.port));
      const [bytes, expected] = [await reading.bytes, await requestInMemory()];
      expect(withoutReplyTo(bytes)).toBe(withoutReplyTo(expected));
      expect(decodeEnvelope(bytes).replyTo).toMatch(new RegExp(`^${kind}://agents\\.concierge\\.responses`));
    });

    test(`a request that ${outside.name} sends is answered, with the very bytes that memory carries`, async () => {
      await startReviewer(await createTransport(kind, broker.port));
      await outside.declare(broker, REPLIES);
      const reading = await outside.read(broker, REPLIES);
      await outside.write(broker, REQUESTS, handMade(kind));
      const [bytes, expected] = [await reading.bytes, await answerInMemory()];
      expect(bytes.toString()).toBe(expected.toString());
      expect(decodeEnvelope(bytes).payload).toEqual({ ok: true, data: PAYLOAD });
    });
  });
});
