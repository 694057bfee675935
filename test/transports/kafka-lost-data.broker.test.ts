import { expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { kafka as kafkaTransport } from '../../runtime/transports/kafka.js';
import { kafka } from '../brokers/kafka.js';
import { echoCapability, reviewerContract } from '../support/reviewer.js';
import { describeWithBroker } from './real-broker.js';

describeWithBroker('kafka', () => {
  test('a broker that comes back without its data is used again, by those who serve and those who call', async () => {
    let broker = await kafka.start();
    const { port } = broker;
    const open = (agent: 'agent://pr-reviewer' | 'agent://concierge') =>
      createBus({ agent, transports: [kafkaTransport({ brokers: [`127.0.0.1:${port}`] })] });
    const [serving, calling] = await Promise.all([open('agent://pr-reviewer'), open('agent://concierge')]);
    try {
      const contract = { ...reviewerContract, capabilities: { echo: echoCapability } };
      await serve(serving, contract, [implement(echoCapability, (input) => input)]);
      const echo = createCall(calling, contract, echoCapability);
      expect(await echo('before')).toBe('before');

      await broker.close();
      await expect
        .poll(() => serving.health().connected || calling.health().connected, { timeout: 20_000 })
        .toBe(false);
      broker = await kafka.start({ port });
      const isBack = () => serving.health().connected && calling.health().connected;
      await expect.poll(isBack, { timeout: 40_000 }).toBe(true);
      expect(await echo('after')).toBe('after');
    } finally {
      await Promise.all([calling.stop(), serving.stop()].map((stopped) => stopped.catch(() => {})));
      await broker.close();
    }
  }, 90_000);
});
