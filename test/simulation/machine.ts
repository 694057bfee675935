import type { AgentAddress } from '../../runtime/address.js';
import type { Bus } from '../../runtime/bus.js';
import type { Clock } from '../../runtime/clock.js';
import type { Contract } from '../../runtime/contract.js';

/** One process of the world: what dies and is started again. */
export interface Machine {
  readonly agent: AgentAddress;
  /** What it serves; undefined for one that only calls. */
  readonly contract: Contract | undefined;
  readonly instance: string;
  readonly clock: MachineClock;
  /** What its skills sleep by: their timers are not the runtime's. */
  readonly skillClock: MachineClock;
  readonly bus: Bus;
  state: 'up' | 'stopping' | 'stopped' | 'dead';
  /** When a stop that was asked for has to be over. */
  stopBy: number;
}

/** The clock of one machine, which goes wrong by a constant and dies with the machine. */
export interface MachineClock extends Clock {
  readonly skewMs: number;
  timers(): number;
  die(): void;
}

export function createMachineClock(clock: Clock, skewMs: number): MachineClock {
  const set = new Set<() => void>();
  let isDead = false;
  return {
    skewMs,
    now: () => clock.now() + skewMs,
    setTimer(delayMs, run) {
      if (isDead) return () => {};
      const cancel = clock.setTimer(delayMs, () => {
        set.delete(cancel);
        run();
      });
      set.add(cancel);
      return () => {
        set.delete(cancel);
        cancel();
      };
    },
    timers: () => set.size,
    die() {
      isDead = true;
      for (const cancel of set) cancel();
      set.clear();
    },
  };
}
