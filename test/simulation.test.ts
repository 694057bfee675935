import { describe, expect, test } from 'vitest';
import { EVENT_INVARIANTS, INVARIANTS } from './simulation/invariants.js';
import { SABOTAGES, type Sabotage } from './simulation/sabotage.js';
import { runWorld } from './simulation/world.js';

/** Another range is asked for by `npm run sim -- --seeds N --from S`. */
const SEEDS = Array.from({ length: 150 }, (_, index) => index + 1);

test('no promise is broken in a small range of worlds', async () => {
  const broken: string[] = [];
  const endings = new Set<string>();
  let calls = 0;
  for (const seed of SEEDS) {
    const report = await runWorld(seed);
    calls += report.calls;
    for (const code of report.endings.keys()) endings.add(code);
    for (const { invariant, what } of report.breaches.slice(0, 1)) {
      broken.push(`${invariant}: ${what}; npm run sim -- --seeds 1 --from ${seed}`);
    }
  }
  expect(broken).toEqual([]);
  expect(calls).toBeGreaterThan(1_000);
  const common = ['BUSY', 'TIMEOUT', 'HANDLER_ERROR', 'PUBLISH_FAILED', 'CANCELLED', 'ABANDONED', 'INTERRUPTED'];
  for (const code of ['ok', 'REFUSED', ...common.map((word) => `EAGENTRPC_${word}`)]) expect(endings).toContain(code);
});

test('one seed is one history', async () => {
  for (const seed of [3, 7, 11]) {
    const [first, second] = [await runWorld(seed, { trace: true }), await runWorld(seed)];
    expect(second.hash).toBe(first.hash);
    expect(first.trace.length).toBeGreaterThan(20);
  }
  expect((await runWorld(1)).hash).not.toBe((await runWorld(2)).hash);
});

describe('a promise that is broken on purpose is noticed', () => {
  test.each(Object.entries(SABOTAGES))('%s', async (sabotage, invariant) => {
    const noticed = new Set<string>();
    for (let seed = 1; seed <= 40 && !noticed.has(invariant); seed++) {
      const { breaches } = await runWorld(seed, { sabotage: sabotage as Sabotage });
      for (const breach of breaches) noticed.add(breach.invariant);
    }
    expect(noticed).toContain(invariant);
  });

  test('each invariant has its own', () => {
    const names = [...INVARIANTS, ...EVENT_INVARIANTS].map(({ name }) => name);
    expect([...new Set<string>(Object.values(SABOTAGES))].sort()).toEqual([...names].sort());
  });
});
