import { setTimeout as sleep } from 'node:timers/promises';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { createRetries } from '../../runtime/retry.js';
import { createSeededRandom } from '../../runtime/testing/index.js';
import { createTransport } from '../brokers/transports.js';
import { openAccount } from './account.js';
import { AGENTS, CALLER, CAPABILITIES, contractOf } from './contract.js';
import { collectGarbage, readOrder } from './order.js';

/** Makes all calls, so many at a time, and tells how many have ended. */
const order = readOrder();
const account = openAccount(order.folder, 'caller');
const random = createSeededRandom(order.seed);
const byte = (): number => random.bytes(1)[0] ?? 0;
const transport = await createTransport(order.kind, order.port, order.settings);
const bus = await createBus({ agent: CALLER, transports: [transport], retries: createRetries() });

const calls = AGENTS.flatMap((agent) =>
  Object.values(CAPABILITIES).map((capability) => ({
    agent,
    capability,
    start: createCall(bus, contractOf(agent), capability).start,
  })),
);

let made = 0;
let ended = 0;

async function makeOne(number: number): Promise<boolean> {
  const { agent, capability, start } = calls[byte() % calls.length] as (typeof calls)[number];
  // A few take long enough to be under way when something dies.
  const workMs = byte() < 16 ? byte() : 0;
  const token = `${order.seed}-${number}`;
  const { timeoutMs } = order;
  const retry = capability.idempotent ? { retry: { attempts: 3 } } : {};
  const at = Date.now();
  const { messageId: id, outcome } = await start({ token, workMs }, { timeoutMs, ...retry });
  account.write({ what: 'called', at, id, capability: capability.name, deadline: at + timeoutMs });
  const end = await outcome;
  if (end.status === 'ok') {
    const { data } = end;
    const isWrong = data.token !== token || data.capability !== capability.name || data.agent !== agent;
    account.write({ what: 'ended', at: Date.now(), id, status: 'ok', ...(isWrong && { isWrong }) });
    return true;
  }
  const { status, executed } = end;
  account.write({ what: 'ended', at: Date.now(), id, status, executed, code: end.error.code });
  return false;
}

/** The first of them goes on calling while the broker is gone; if all did, no call would be left for when it is back. */
async function work(_: unknown, index: number): Promise<void> {
  while (made < order.calls) {
    const isOk = await makeOne(made++);
    if (++ended % 20 === 0) process.send?.({ ended });
    if (ended === Math.ceil(order.calls / 10)) weigh();
    if (!isOk) await sleep(100 + byte());
    while (index > 0 && !bus.health().connected) await sleep(20);
  }
}

function weigh(): void {
  collectGarbage();
  const weight = { pid: process.pid, heapBytes: process.memoryUsage().heapUsed };
  account.write({ what: 'memory', at: Date.now(), who: 'caller', ...weight });
}

await Promise.all(Array.from({ length: order.inFlight }, work));
weigh();
process.send?.({ ended });
await bus.stop();
process.disconnect();
