import { describe, test } from 'vitest';
import type { Pulse } from '../../../runtime/transports/kafka/client.js';
import { createWatch } from '../../../runtime/transports/kafka/watch.js';

/** A watch, and what it does to whom. */
function start() {
  const seen: string[] = [];
  let isThere = true;
  let failures = 0;
  const watch = createWatch({
    watcher: { lost: ({ message }) => seen.push(`lost: ${message}`), restored: () => seen.push('restored') },
    probe: async () => {
      if (!isThere) throw new Error('Nobody answers.');
    },
    prepare: async () => {
      seen.push('prepared');
      if (failures-- > 0) throw new Error('It takes no topics yet.');
    },
    breakAll: () => seen.push('broken'),
  });
  const set = (value: boolean): void => {
    isThere = value;
  };
  const failNext = (): void => {
    failures = 1;
  };
  return { watch, seen, set, failNext };
}

/** A reader that fetches until it is told to be quiet. */
function createReader() {
  const pulse: Pulse = { isJoining: false, fetches: 0 };
  let timer: NodeJS.Timeout | undefined;
  const read = (): void => {
    timer ??= setInterval(() => pulse.fetches++, 20);
  };
  const rest = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  read();
  return { pulse, read, rest };
}

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.concurrent('the watch over a connection', () => {
  test('tells of a loss only when nobody answers, and of its end only when all read again', async ({ expect }) => {
    const { watch, seen, set } = start();
    const { pulse, read, rest } = createReader();
    watch.add(pulse);
    watch.suspect();
    await pass(50);
    expect(seen).toEqual([]);
    set(false);
    watch.suspect();
    await expect.poll(() => seen).toEqual(['broken', 'lost: Nobody answers.']);
    expect(watch.lost?.message).toBe('Nobody answers.');
    rest();
    set(true);
    await pass(1_000);
    expect(seen).not.toContain('restored');
    read();
    const all = ['broken', 'lost: Nobody answers.', 'prepared', 'restored'];
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(all);
    expect(watch.lost).toBe(undefined);
    watch.close();
    rest();
  });

  test('has the cluster made ready before it is taken for back, and tries again where that fails', async ({
    expect,
  }) => {
    const { watch, seen, set, failNext } = start();
    const { pulse, rest } = createReader();
    watch.add(pulse);
    set(false);
    failNext();
    watch.suspect();
    await expect.poll(() => seen).toContain('lost: Nobody answers.');
    set(true);
    await expect.poll(() => seen.slice(2), { timeout: 10_000 }).toEqual(['prepared', 'prepared', 'restored']);
    watch.close();
    rest();
  });

  test('ends what hears nothing for long', async ({ expect }) => {
    const { watch, seen, set } = start();
    const { pulse, rest } = createReader();
    watch.add(pulse);
    await pass(100);
    rest();
    set(false);
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('lost: Nobody answers.');
    expect(seen[0]).toBe('broken');
    watch.close();
  });

  test('expects nothing to be heard by who waits for a group, or reads no more', async ({ expect }) => {
    const { watch, seen } = start();
    const [joining, leaving] = [createReader(), createReader()];
    for (const { pulse, rest } of [joining, leaving]) {
      watch.add(pulse);
      rest();
    }
    joining.pulse.isJoining = true;
    watch.remove(leaving.pulse);
    await pass(9_000);
    expect(seen).toEqual([]);
    watch.close();
  });
});
