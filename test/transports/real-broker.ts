import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.js';
import type { ConformanceAbilities, ConformanceHarness } from '../../runtime/testing/index.js';
import type { ConnectionOwner, ConnectionWatcher, Transport, TransportFlags } from '../../runtime/transport.js';
import type { Broker, BrokerKind } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { createFaultProxy, type FaultProxy } from '../brokers/proxy.js';
import type { BrokerMode } from './broker-modes.js';
import { describeConformance } from './conformance.js';

/** Where a transport finds the broker: behind a proxy of its own. */
export interface Way {
  /** The port of the proxy that stands in front of the broker. */
  readonly port: number;
  readonly broker: Broker;
}

/** What can be done to every broker, whatever it is: by its process, and by the proxy in front of each connection. */
const COMMON_ABILITIES = [
  ...(['kill', 'disconnect', 'reconnect', 'partition', 'heal', 'stopBroker', 'restartBroker'] as const),
  'cutConfirmations',
] as const;

/** What only those can do who know the broker. */
export type OwnAbilities = Omit<ConformanceAbilities, (typeof COMMON_ABILITIES)[number]>;

/** How a broker is tested in one of its modes. */
export interface RealBrokerOptions extends Omit<BrokerMode, 'settings'> {
  /** A transport that reaches the broker by a way. Flags are asked of one whose way leads nowhere. */
  readonly createTransport: (way: Way) => Transport;
  /** The functions that `ownAbilities` names. */
  readonly abilitiesOf: (broker: Broker) => Partial<OwnAbilities>;
  readonly repetitions?: number;
  readonly toleranceMs?: number;
  /** How much longer than a broker within one process it takes for anything. */
  readonly slownessMs?: number;
}

/** A harness, and the broker that all of its cases share. */
export interface RealBroker {
  readonly harness: ConformanceHarness;
  /** Starts the broker; throws with what is missing on this machine. */
  start(): Promise<Broker>;
  /** The one that was started. */
  broker(): Broker;
  close(): Promise<void>;
}

/** What says which cases apply to a mode: as much of a harness as docs/faults.md is printed from. */
export function aptitudeOf(
  { ownAbilities, without }: Pick<BrokerMode, 'ownAbilities' | 'without'>,
  flags: TransportFlags,
): Pick<ConformanceHarness, 'flags' | 'abilities' | 'inabilities'> {
  return { flags, abilities: [...COMMON_ABILITIES, ...ownAbilities], inabilities: without };
}

/** How long a connection may take to notice that it is lost, or to come back. */
const NOTICED_WITHIN_MS = 30_000;

/** One bus's connection, as the harness sees it. */
interface Link {
  readonly proxy: FaultProxy;
  isLost: boolean;
}

export function createRealBroker(options: RealBrokerOptions): RealBroker {
  const { kind, createTransport, abilitiesOf } = options;
  const { repetitions = 100, toleranceMs = 250, slownessMs = 0 } = options;
  let broker: Broker | undefined;

  const nowhere: Broker = {
    ...{ kind, port: 1, folder: '', ended: new Promise(() => {}) },
    ...{ kill: async () => {}, restart: async () => {}, close: async () => {} },
  };
  const { flags } = createTransport({ port: 1, broker: nowhere });

  const getBroker = (): Broker => {
    if (broker === undefined) throw new Error('The broker is started before the cases are run.');
    return broker;
  };

  const open = async () => {
    const running = getBroker();
    const links = new Map<string, Link>();
    const proxies: FaultProxy[] = [];
    const linkOf = (instance: string): Link => {
      const link = links.get(instance);
      if (link === undefined) throw new Error(`No bus goes by the name of ${instance}.`);
      return link;
    };
    const until = async (what: string, condition: () => boolean): Promise<void> => {
      const end = Date.now() + NOTICED_WITHIN_MS;
      while (!condition()) {
        if (Date.now() > end) throw new Error(`${what} is not seen within ${NOTICED_WITHIN_MS} ms.`);
        await sleep(5);
      }
    };
    const all = (isLost: boolean) => () => [...links.values()].every((link) => link.isLost === isLost);

    const transport = (): Transport => ({
      kind,
      topics: {},
      flags,
      async connect(owner: ConnectionOwner, watcher: ConnectionWatcher) {
        const proxy = await createFaultProxy(running.port);
        proxies.push(proxy);
        const link: Link = { proxy, isLost: false };
        const watched: ConnectionWatcher = {
          lost(reason) {
            link.isLost = true;
            watcher.lost(reason);
          },
          restored() {
            link.isLost = false;
            watcher.restored();
          },
        };
        const connection = await createTransport({ port: proxy.port, broker: running }).connect(owner, watched);
        links.set(owner.instance, link);
        return {
          ...connection,
          async close() {
            if (links.get(owner.instance) === link) links.delete(owner.instance);
            await connection.close();
          },
        };
      },
    });

    let isKilled = false;
    const common: Pick<ConformanceAbilities, (typeof COMMON_ABILITIES)[number]> = {
      async kill(instance) {
        const { proxy } = linkOf(instance);
        links.delete(instance);
        proxy.cut();
      },
      async disconnect(instance) {
        const link = linkOf(instance);
        link.proxy.cut();
        await until('The loss', () => link.isLost);
      },
      async reconnect(instance) {
        const link = linkOf(instance);
        link.proxy.open();
        await until('The connection', () => !link.isLost);
      },
      async partition(instance) {
        linkOf(instance).proxy.stall();
      },
      async heal(instance) {
        linkOf(instance).proxy.open();
      },
      async stopBroker() {
        isKilled = true;
        await running.kill();
        await until('The loss of all connections', all(true));
      },
      async restartBroker() {
        isKilled = false;
        await running.restart();
        await until('All connections', all(false));
      },
      async cutConfirmations() {
        for (const { proxy } of links.values()) proxy.stall('toClient');
      },
    };
    return {
      transport,
      clock: systemClock,
      pass: (ms: number) => sleep(ms),
      abilities: { ...common, ...abilitiesOf(running) },
      async close() {
        await Promise.all(proxies.map((proxy) => proxy.close()));
        if (isKilled) await running.restart();
      },
    };
  };

  return {
    harness: { ...aptitudeOf(options, flags), repetitions, toleranceMs, slownessMs, open },
    async start() {
      broker = await brokerPrograms[kind].start();
      return broker;
    },
    broker: getBroker,
    async close() {
      await broker?.close();
      broker = undefined;
    },
  };
}

/**
 * Runs `describeTests` where the broker's program is there. Where it is not, says so in one line; with
 * DECLARAGENT_REQUIRE_BROKERS=1 that is a failure.
 */
export function describeWithBroker(kind: BrokerKind, describeTests: () => void): void {
  const missing = brokerPrograms[kind].missing();
  if (missing === undefined) {
    describe(kind, describeTests);
    return;
  }
  const sentence = `${kind} is not tested: this machine lacks ${missing}; run "npm run brokers -- install ${kind}".`;
  if (process.env['DECLARAGENT_REQUIRE_BROKERS'] === '1') {
    test(`${kind} is tested`, () => expect.fail(sentence));
  } else {
    console.warn(sentence);
    test.skip(sentence, () => {});
  }
}

/** The conformance suite against a real broker, and what else is to be tested there. */
export function describeRealBroker(
  realBroker: RealBroker,
  kind: BrokerKind,
  describeMore: () => void = () => {},
): void {
  describeWithBroker(kind, () => {
    beforeAll(async () => void (await realBroker.start()), 120_000);
    afterAll(() => realBroker.close());
    describeConformance(kind, realBroker.harness);
    describeMore();
  });
}
