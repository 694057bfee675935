import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { describeWithBroker } from '../transports/real-broker.js';
import { BROKER_KINDS } from './broker.js';
import { findFreePort, isListening } from './server-process.js';
import { startAtUsualPort } from './usual-port.js';

for (const kind of BROKER_KINDS) {
  describeWithBroker(kind, () => {
    test('is started at its usual port where that is free', async () => {
      const usual = await findFreePort();
      const broker = await startAtUsualPort(kind, usual);
      expect(broker.port).toBe(usual);
      expect(await isListening(usual)).toBe(true);
      await broker.close();
    });
  });
}

describeWithBroker('nats', () => {
  test('is started at a free port where its usual one is taken', async () => {
    const other = createServer();
    const usual = await findFreePort();
    await new Promise<void>((resolve) => other.listen(usual, '127.0.0.1', resolve));
    const broker = await startAtUsualPort('nats', usual);
    expect(broker.port).not.toBe(usual);
    expect(await isListening(broker.port)).toBe(true);
    await broker.close();
    await new Promise((resolve) => other.close(resolve));
  });
});
