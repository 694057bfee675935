import type { Clock } from '../../clock.js';

/** What a promise settles as, or what `whenUp` returns or throws where that takes longer. Leaves no timer. */
export async function limit<T>(clock: Clock, limitMs: number, promise: Promise<T>, whenUp: () => T): Promise<T> {
  let cancel = (): void => {};
  const up = new Promise<void>((resolve) => {
    cancel = clock.setTimer(limitMs, resolve);
  });
  try {
    return await Promise.race([promise, up.then(whenUp)]);
  } finally {
    cancel();
  }
}
