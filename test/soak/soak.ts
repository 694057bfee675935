import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSeededRandom } from '../../runtime/testing/index.js';
import { brokerPrograms } from '../brokers/programs.js';
import { openAccount } from './account.js';
import type { Order } from './order.js';

export interface SoakOptions extends Omit<Order, 'port'> {
  /** How often the broker is killed and started again, and how often a receiver is. */
  readonly kills: number;
  readonly receiverKills: number;
  readonly say: (line: string) => void;
}

const RECEIVERS = 2;
/** A receiver that cannot connect ends; the broker it waits for takes less than this to start. */
const STARTS_WITHIN_MS = 90_000;
/** For a process that is told to stop. */
const STOPS_WITHIN_MS = 30_000;

/** Runs the calls with all that dies meanwhile; the accounts of all processes lie in `options.folder` then. */
export async function soak(options: SoakOptions): Promise<void> {
  const { kind, say, calls, seed } = options;
  const account = openAccount(options.folder, 'soak');
  const random = createSeededRandom(seed);
  const draw = (most: number): number => {
    const [high = 0, low = 0] = random.bytes(2);
    return ((high * 256 + low) / 65_536) * most;
  };
  const broker = await brokerPrograms[kind].start();
  const order = JSON.stringify({ ...options, port: broker.port });
  const receivers: Receiver[] = Array.from({ length: RECEIVERS }, () => createReceiver(order));
  try {
    await Promise.all(receivers.map((receiver) => receiver.start()));
    for (const receiver of receivers) receiver.weigh();
    const caller = startProcess('caller', order);
    const callerEnded = once(caller, 'exit');
    let ended = 0;
    caller.on('message', (message) => {
      ended = Number(Reflect.get(Object(message), 'ended'));
    });
    const hasEnded = (): boolean => caller.exitCode !== null || caller.signalCode !== null;

    const reaches = async (share: number): Promise<void> => {
      while (ended < share * calls && !hasEnded()) await sleep(5);
    };
    const killBroker = async (): Promise<void> => {
      account.write({ what: 'killed', at: Date.now(), who: 'broker' });
      await broker.kill();
      await sleep(100 + draw(1_500));
      await broker.restart();
      account.write({ what: 'serves', at: Date.now(), who: 'broker' });
    };
    const killReceiver = async (): Promise<void> => {
      const receiver = receivers[Math.floor(draw(RECEIVERS))];
      account.write({ what: 'killed', at: Date.now(), who: 'receiver' });
      receiver?.kill();
      await sleep(draw(1_000));
      await receiver?.start();
      account.write({ what: 'serves', at: Date.now(), who: 'receiver' });
    };
    const plan = (many: number, strike: () => Promise<void>) =>
      Array.from({ length: many }, () => ({ share: 0.05 + draw(0.9), strike }));
    const strikes = async (all: ReturnType<typeof plan>): Promise<void> => {
      for (const { share, strike } of all.sort((one, other) => one.share - other.share)) {
        await reaches(share);
        if (!hasEnded()) await strike();
      }
    };
    await Promise.all([
      strikes(plan(options.kills, killBroker)),
      strikes(plan(options.receiverKills, killReceiver)),
      callerEnded,
    ]);
    if (caller.exitCode !== 0) say(`The caller ended with ${caller.exitCode ?? caller.signalCode}.`);
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.stop()));
    await broker.close();
  }
}

/** A receiver that is started again and again, each time as a process of its own. */
interface Receiver {
  /** Resolves when it serves. One that cannot connect, as when the broker is down, is started again. */
  start(): Promise<void>;
  kill(): void;
  weigh(): void;
  stop(): Promise<void>;
}

function createReceiver(order: string): Receiver {
  let child: ChildProcess | undefined;
  let isStopped = false;
  return {
    async start() {
      const giveUpAt = Date.now() + STARTS_WITHIN_MS;
      while (!isStopped) {
        if (Date.now() > giveUpAt) throw new Error(`A receiver does not start within ${STARTS_WITHIN_MS} ms.`);
        const started = startProcess('receiver', order);
        child = started;
        const isReady = await Promise.race([
          once(started, 'message').then(() => true),
          once(started, 'exit').then(() => false),
        ]);
        if (isReady) return;
        await sleep(1_000);
      }
    },
    kill() {
      child?.kill('SIGKILL');
    },
    weigh() {
      child?.send('weigh');
    },
    async stop() {
      isStopped = true;
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const exited = once(running, 'exit');
      running.send('stop');
      const kill = setTimeout(() => running.kill('SIGKILL'), STOPS_WITHIN_MS);
      await exited;
      clearTimeout(kill);
    },
  };
}

function startProcess(name: 'caller' | 'receiver', order: string): ChildProcess {
  return fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), [order], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}
