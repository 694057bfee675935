/** Resolves when the broker has taken in all that the channel has sent it before. */
export type Confirm = () => Promise<void>;

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * AMQP confirms no acknowledgement, so the broker is asked something on the same channel by `ask`: when it answers that, it
 * has done what came before. One question is on its way at a time; whoever comes meanwhile shares the next one.
 */
export function createConfirm(ask: () => Promise<unknown>): Confirm {
  let waiting: Waiting[] = [];
  let isAsking = false;

  const askForAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await ask();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isAsking = false;
  };

  return () =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      if (isAsking) return;
      isAsking = true;
      void Promise.resolve().then(askForAll);
    });
}
