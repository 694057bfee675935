import { setTimeout as sleep } from 'node:timers/promises';
import { type Bus, createBus } from '../../runtime/bus.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createTransport } from '../brokers/transports.js';
import { openAccount } from './account.js';
import { AGENTS, CAPABILITIES, contractOf, type ErrandCapability } from './contract.js';
import { collectGarbage, readOrder } from './order.js';

/** Serves both agents until it is killed or told to stop. */
const order = readOrder();
const account = openAccount(order.folder, `receiver-${process.pid}`);

/** The broker may be down; whoever has started this process starts it again. */
const giveUp = (error: Error): never => {
  console.error(error.message);
  process.exit(1);
};

const buses: Bus[] = [];
for (const agent of AGENTS) {
  const transports = [await createTransport(order.kind, order.port, order.settings)];
  const bus = await createBus({ agent, transports }).catch(giveUp);
  const implementOf = (capability: ErrandCapability) =>
    implement(capability, async ({ token, workMs }, ctx) => {
      account.write({ what: 'ran', at: Date.now(), id: ctx.messageId, capability: capability.name });
      if (workMs > 0) await sleep(workMs);
      // Its work is done, and nobody will hear of it.
      if (token === order.diesOf) process.kill(process.pid, 'SIGKILL');
      account.write({ what: 'answered', at: Date.now(), id: ctx.messageId });
      return { token, capability: capability.name, agent };
    });
  await serve(bus, contractOf(agent), Object.values(CAPABILITIES).map(implementOf)).catch(giveUp);
  buses.push(bus);
}

const weigh = (): void => {
  collectGarbage();
  const weight = { pid: process.pid, heapBytes: process.memoryUsage().heapUsed };
  account.write({ what: 'memory', at: Date.now(), who: 'receiver', ...weight });
};
process.on('message', async (message) => {
  if (message === 'weigh') weigh();
  if (message !== 'stop') return;
  weigh();
  await Promise.all(buses.map((bus) => bus.stop({ graceMs: 2_000 })));
  process.disconnect();
});
process.send?.('ready');
