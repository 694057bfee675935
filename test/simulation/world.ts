import { createHash } from 'node:crypto';
import { createBus } from '../../runtime/bus.js';
import { createRetries } from '../../runtime/retry.js';
import { serve } from '../../runtime/server.js';
import { createFaultyBroker, createSeededRandom, createVirtualClock } from '../../runtime/testing/index.js';
import { helperContract, workerContract } from './contract.js';
import { checkScene, type Scene } from './invariants.js';
import { type Breach, createLedger } from './ledger.js';
import { createMachineClock, type Machine } from './machine.js';
import { observe } from './observe.js';
import { createPlan, type Plan, type PlannedChaos } from './plan.js';
import type { Sabotage } from './sabotage.js';
import { createWorkload } from './workload.js';

/** What came of one world. */
export interface Report {
  readonly seed: number;
  readonly breaches: readonly Breach[];
  /** Of all that happened, so that two runs of one seed can be compared. */
  readonly hash: string;
  /** What happened, a line each; empty unless asked for. */
  readonly trace: readonly string[];
  readonly calls: number;
  readonly runs: number;
  readonly steps: number;
  /** How many calls ended with `ok`, and how many with each code. */
  readonly endings: ReadonlyMap<string, number>;
}

export interface WorldOptions {
  /** Keeps what happens, to be shown. */
  readonly trace?: boolean;
  /** Breaks a promise on purpose. */
  readonly sabotage?: Sabotage;
}

/** How long a world goes on after its faults have ended: longer than any call. */
const QUIET_MS = 3_000;
const STOP_MS = 5_000;
const RETRY_START_MS = 50;
/** What stop() gives the last answers. */
const LAST_ANSWERS_MS = 1_000;

/** Runs one world from its beginning to its end. */
export async function runWorld(
  seed: number,
  { trace: keepsTrace = false, sabotage }: WorldOptions = {},
): Promise<Report> {
  const plan = createPlan(seed);
  const clock = createVirtualClock();
  const start = clock.now();
  const random = createSeededRandom(seed + 0.5 * 2 ** 32);
  const ledger = createLedger();
  const machines: Machine[] = [];
  const trace: string[] = [];
  const hash = createHash('sha256');
  const note = (line: string): void => {
    if (isOver) return;
    const text = `${clock.now() - start} ${line}`;
    hash.update(`${text}\n`);
    if (keepsTrace) trace.push(text);
  };
  const broker = createFaultyBroker({
    ...{ clock, seed, flags: plan.flags, rates: plan.rates, latencyMs: plan.latencyMs },
    redeliverAfterMs: plan.redeliverAfterMs,
    onEvent({ what, instance, topic = '', messageId = '' }) {
      if (what === 'duplicated') ledger.copied.add(messageId);
      note(`${what} ${instance} ${topic} ${messageId}`);
    },
  });
  const workload = createWorkload({ clock, ledger, plan, note, sabotage });
  const isBroken = (): boolean => ledger.breaches.length > 0;
  let isBrokerDown = false;
  let isOver = false;
  let started = 0;
  let steps = 0;

  const startMachine = async (agent: Machine['agent'], contract: Machine['contract']): Promise<void> => {
    if (isBrokerDown) {
      clock.setTimer(RETRY_START_MS, () => void startMachine(agent, contract));
      return;
    }
    const skewMs = plan.skewsMs[agent.slice('agent://'.length)] ?? 0;
    const instance = `${agent.slice('agent://'.length)}-${started++}`;
    const machineClock = createMachineClock(clock, skewMs);
    const holder: { machine?: Machine } = {};
    const isDead = (): boolean => holder.machine?.state === 'dead';
    const transports = [observe(broker.transport(), { ledger, instance, isDead, sabotage })];
    const bus = await createBus({ agent, transports, retries: createRetries(), instance, clock: machineClock, random });
    const skillClock = createMachineClock(clock, skewMs);
    const machine: Machine = {
      agent,
      contract,
      instance,
      clock: machineClock,
      skillClock,
      bus,
      state: 'up',
      stopBy: 0,
    };
    holder.machine = machine;
    machines.push(machine);
    note(`up ${instance}`);
    if (contract === undefined) return;
    const { concurrency, queue } = plan;
    await serve(bus, contract, workload.skillsOf(machine), {
      ...{ queue, onError: () => {} },
      concurrency: sabotage === 'run too many' ? concurrency + 100 : concurrency,
    });
  };

  const stopMachine = async (machine: Machine, graceMs: number): Promise<void> => {
    if (machine.state !== 'up') return;
    machine.state = 'stopping';
    machine.stopBy = clock.now() + graceMs + LAST_ANSWERS_MS + 20 * plan.latencyMs[1] + 1;
    note(`stopping ${machine.instance}`);
    if (sabotage === 'leave a timer') machine.clock.setTimer(60_000, () => {});
    await machine.bus.stop({ graceMs });
    if (machine.state !== 'stopping' || sabotage === 'never stop') return;
    machine.state = 'stopped';
    note(`stopped ${machine.instance}`);
  };

  const killMachine = (machine: Machine): void => {
    machine.state = 'dead';
    machine.clock.die();
    machine.skillClock.die();
    broker.kill(machine.instance);
    for (const call of ledger.open) if (call.machine === machine.instance) ledger.open.delete(call);
  };

  const strike = async ({ what, victim, forMs, graceMs }: PlannedChaos): Promise<void> => {
    if (what === 'breakBroker') {
      isBrokerDown = true;
      broker.stop();
      clock.setTimer(forMs, mendBroker);
      return;
    }
    const up = machines.filter(({ state }) => state === 'up');
    const machine = up[victim % up.length];
    if (machine === undefined) return;
    const { instance, agent, contract } = machine;
    const isUp = (): boolean => machine.state === 'up' || machine.state === 'stopping';
    note(`${what} ${instance} for ${forMs}`);
    if (what === 'disconnect') {
      broker.disconnect(instance);
      clock.setTimer(forMs, () => isUp() && !isBrokerDown && broker.reconnect(instance));
    } else if (what === 'partition') {
      broker.partition(instance);
      clock.setTimer(forMs, () => isUp() && broker.heal(instance));
    } else {
      if (what === 'kill') killMachine(machine);
      else await stopMachine(machine, graceMs);
      clock.setTimer(forMs, () => void startMachine(agent, contract));
    }
  };

  const mendBroker = (): void => {
    isBrokerDown = false;
    broker.restart();
  };

  const scene: Scene = {
    get now() {
      return clock.now();
    },
    ...{ ledger, machines, concurrency: plan.concurrency, isConnected: broker.isConnected },
  };

  /** Takes steps until `until`, or until a promise is broken. */
  const runTo = async (until: number): Promise<void> => {
    while (!isBroken() && (await clock.step(until))) {
      steps++;
      checkScene(scene, ledger.breaches);
    }
    if (!isBroken()) await clock.advance(Math.max(0, until - clock.now()));
  };

  const live = async (): Promise<void> => {
    for (const agent of ['agent://caller', 'agent://caller'] as const) await startMachine(agent, undefined);
    for (const contract of [workerContract, workerContract, helperContract])
      await startMachine(contract.agent, contract);
    for (const call of plan.calls) {
      clock.setTimer(call.at, () => {
        const callers = machines.filter(({ agent, state }) => agent === 'agent://caller' && state === 'up');
        const machine = callers[call.caller % callers.length];
        if (machine !== undefined) workload.call(machine, call);
      });
    }
    if (sabotage === 'throw into a timer') {
      clock.setTimer(1, () => {
        throw new Error('sabotage');
      });
    }
    for (const chaos of plan.chaos) clock.setTimer(chaos.at, () => void strike(chaos));
    await runTo(start + plan.calmAt);
    if (isBroken()) return;
    broker.calm();
    mendBroker();
    await runTo(clock.now() + QUIET_MS);
    if (isBroken()) return;
    for (const machine of machines) void stopMachine(machine, 0);
    await runTo(clock.now() + STOP_MS);
    if (isBroken()) return;
    for (const { instance, state } of machines) {
      if (state === 'up' || state === 'stopping')
        ledger.breaches.push({ invariant: 'stops', what: `${instance} has not stopped` });
    }
    checkScene({ ...scene, now: Number.POSITIVE_INFINITY }, ledger.breaches);
  };

  try {
    await live();
  } catch (error) {
    ledger.breaches.push({ invariant: 'never throws', what: String(error instanceof Error ? error.stack : error) });
  }
  for (const { invariant, what } of ledger.breaches) note(`BROKEN ${invariant}: ${what}`);
  isOver = true;
  for (const machine of machines) {
    machine.state = 'dead';
    machine.clock.die();
  }
  return {
    ...{ seed, breaches: [...ledger.breaches], hash: hash.digest('hex'), trace, calls: ledger.calls.size, steps },
    endings: ledger.endings,
    runs: [...ledger.runs.values()].reduce((sum, many) => sum + many, 0),
  };
}

/** What a plan says of its world, in one line. */
export function describePlan({ flags, rates, latencyMs, skewsMs, concurrency, queue }: Plan): string {
  const on = Object.entries(flags).map(([name, value]) => (value ? name : `!${name}`));
  const faults = Object.entries(rates).flatMap(([name, value]) => (value > 0 ? [`${name} ${value.toFixed(2)}`] : []));
  const skews = Object.entries(skewsMs).map(([agent, ms]) => `${agent} ${ms}`);
  return [
    `flags: ${on.join(', ')}`,
    `faults: ${faults.join(', ') || 'none'}`,
    `latency ${latencyMs.join(' to ')} ms`,
    `clocks: ${skews.join(', ')}`,
    `concurrency ${concurrency}, queue ${queue}`,
  ].join('; ');
}
