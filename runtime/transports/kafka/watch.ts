import { createBackoff } from '../../backoff.js';
import { systemClock } from '../../clock.js';
import type { ConnectionWatcher } from '../../transport.js';
import type { Pulse } from './client.js';

/** Knows whether the cluster can be reached, and tells of it. */
export interface Watch {
  /** Why nothing can be published; undefined while the connection stands. */
  readonly lost: Error | undefined;
  /** Something has failed that would if the cluster could not be reached. */
  suspect(): void;
  /** What reads from now on: it has to do so for the connection to be taken for one that stands. */
  add(pulse: Pulse): void;
  /** What is to read no more. */
  remove(pulse: Pulse): void;
  close(): void;
}

export interface WatchOptions {
  readonly watcher: ConnectionWatcher;
  /** Rejects unless a broker answers. */
  readonly probe: () => Promise<void>;
  /** Makes the cluster ready to be read, when one answers that was lost. */
  readonly prepare: () => Promise<void>;
  /** Ends all that waits for an answer on the sockets there are. */
  readonly breakAll: (reason: string) => void;
}

const TICK_MS = 1_000;
/** A reader hears something every 100 ms. Ticks are counted, and no time, so that a process which slept blames nobody. */
const QUIET_TICKS = 6;
const BACK_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 25;

/**
 * A cluster is several brokers and a connection several sockets, of which one may end and nothing be lost: brokers close
 * sockets that nobody uses, and others take over from one that has died. So whenever one ends it is asked whether any broker
 * answers, and only if none does the connection is lost.
 */
export function createWatch({ watcher, probe, prepare, breakAll }: WatchOptions): Watch {
  const pulses = new Set<Pulse>();
  const quiet = new Map<Pulse, { fetches: number; ticks: number }>();
  const backoff = createBackoff();
  let lost: Error | undefined;
  let isAsking = false;
  let isClosed = false;
  let cancelTick = (): void => {};

  const suspect = (): void => {
    if (isClosed || isAsking || lost !== undefined) return;
    isAsking = true;
    probe().then(
      () => {
        isAsking = false;
      },
      (error: Error) => {
        isAsking = false;
        if (!isClosed) lose(error);
      },
    );
  };

  const lose = (reason: Error): void => {
    lost = reason;
    breakAll(reason.message);
    watcher.lost(reason);
    void comeBack();
  };

  const pause = (ms: number): Promise<void> => new Promise((resolve) => systemClock.setTimer(ms, resolve));

  /** Whether each reader fetches: twice, since the first may have begun before. */
  const allRead = async (): Promise<boolean> => {
    const end = systemClock.now() + BACK_WITHIN_MS;
    const before = new Map(Array.from(pulses, (pulse) => [pulse, pulse.fetches]));
    const reads = (pulse: Pulse): boolean => !pulse.isJoining && pulse.fetches >= (before.get(pulse) ?? 0) + 2;
    while (!isClosed && systemClock.now() < end) {
      if ([...pulses].every(reads)) return true;
      await pause(LOOK_AGAIN_MS);
    }
    return false;
  };

  const comeBack = async (): Promise<void> => {
    backoff.reset();
    for (;;) {
      await backoff.pause();
      if (isClosed) return;
      const isThere = await probe()
        .then(prepare)
        .then(
          () => true,
          () => false,
        );
      if (!isThere || !(await allRead())) continue;
      if (isClosed) return;
      lost = undefined;
      watcher.restored();
      return;
    }
  };

  const tick = (): void => {
    cancelTick = systemClock.setTimer(TICK_MS, tick);
    if (lost !== undefined) return;
    let isDeaf = false;
    for (const pulse of pulses) {
      const seen = quiet.get(pulse);
      if (seen === undefined || pulse.isJoining || seen.fetches !== pulse.fetches) {
        quiet.set(pulse, { fetches: pulse.fetches, ticks: 0 });
      } else if (++seen.ticks >= QUIET_TICKS) {
        isDeaf = true;
        seen.ticks = 0;
      }
    }
    if (!isDeaf) return;
    breakAll('Nothing was heard of the broker for too long.');
    suspect();
  };
  tick();

  return {
    get lost() {
      return lost;
    },
    suspect,
    add: (pulse) => void pulses.add(pulse),
    remove(pulse) {
      pulses.delete(pulse);
      quiet.delete(pulse);
    },
    close() {
      isClosed = true;
      cancelTick();
      backoff.end();
    },
  };
}
