import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentRpcError } from '../../../runtime/errors.js';
import { createBurial, Unburied } from '../../../runtime/transports/kafka/burial.js';

const warnings: string[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  warnings.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const refusal = (executed: 'no' | 'maybe' = 'no') =>
  new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', executed, message: 'Not authorized to access topics.' });

const record = () => ({ value: Buffer.from('x') });

/** How long each try is to be waited for, until the message is let go of. */
async function tryAgainAndAgain(bury: ReturnType<typeof createBurial>, most: number): Promise<number[]> {
  const message = record();
  const pauses: number[] = [];
  while (pauses.length < most) {
    try {
      await bury('t', message, 'It is no envelope.');
      break;
    } catch (error) {
      const { againAfterMs } = error as Unburied;
      pauses.push(againAfterMs);
      vi.advanceTimersByTime(againAfterMs);
    }
  }
  return pauses;
}

test('what the topic refuses is tried at growing pauses, told each time, and dropped after ten minutes', async () => {
  const bury = createBurial({ publish: () => Promise.reject(refusal()), lost: () => undefined });
  const pauses = await tryAgainAndAgain(bury, 20);
  expect(pauses).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 320_000]);
  expect(warnings).toHaveLength(7);
  expect(warnings[0]).toBe(
    'A message that was refused is not kept on t.dlq: Not authorized to access topics. It is tried again in 10 s. ' +
      'It was refused: It is no envelope.',
  );
  expect(warnings[6]).toBe(
    'A message is dropped that t.dlq does not take: Not authorized to access topics. It was refused: It is no envelope.',
  );
});

test('while the connection is lost nobody is told, and nothing is dropped', async () => {
  const bury = createBurial({ publish: () => Promise.reject(refusal()), lost: () => new Error('It is gone.') });
  expect(await tryAgainAndAgain(bury, 20)).toEqual(Array(20).fill(10_000));
  expect(warnings).toEqual([]);
});

test('what may have been kept is not dropped', async () => {
  const bury = createBurial({ publish: () => Promise.reject(refusal('maybe')), lost: () => undefined });
  expect((await tryAgainAndAgain(bury, 20)).slice(-2)).toEqual([320_000, 320_000]);
  expect(warnings).toHaveLength(20);
});

test('many that are refused at once are one warning, and the next says how many they were', async () => {
  const bury = createBurial({ publish: () => Promise.reject(refusal()), lost: () => undefined });
  const one = () => expect(bury('t', record(), 'It is no envelope.')).rejects.toBeInstanceOf(Unburied);
  for (let count = 0; count < 50; count++) await one();
  expect(warnings).toHaveLength(1);
  vi.advanceTimersByTime(10_000);
  await one();
  expect(warnings).toHaveLength(2);
  expect(warnings[1]).toMatch(/ So it was with 49 more\.$/);
});
