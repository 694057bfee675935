import { systemClock } from '../../clock.js';

/**
 * Resolves when the broker has taken in all that the channel has sent it before; `isUrgent` where something waits for that.
 */
export type Confirm = (isUrgent: boolean) => Promise<void>;

export interface ConfirmOptions {
  /** Asks the broker something on the channel. */
  readonly ask: () => Promise<unknown>;
  /** How many deliveries are not settled yet, with those that wait for their confirmation. */
  readonly unsettled: () => number;
}

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

/** How long a question waits for others to share it, where there is much to settle. */
const SHARE_MS = 1;
/** The same where nothing waits for what is settled. */
const IDLE_SHARE_MS = 20;

/**
 * AMQP confirms no acknowledgement, so the broker is asked something on the same channel: when it answers that, it has done
 * what came before. One question is on its way at a time, and a question for each of many that run at once would cost the
 * broker a third more: it is put when half of what is unsettled waits for it, which for one alone is at once. Where nothing
 * waits for the answer, it takes its time, so that it does not stand in the way of the next request.
 */
export function createConfirm({ ask, unsettled }: ConfirmOptions): Confirm {
  let waiting: Waiting[] = [];
  let isAsking = false;
  let isDue = false;
  /** Whether something waits for what is confirmed next. */
  let isWanted = false;
  let cancel = (): void => {};
  /** How long the timer was set for that runs. */
  let timerMs = Number.POSITIVE_INFINITY;

  const askForAll = async (): Promise<void> => {
    cancel();
    timerMs = Number.POSITIVE_INFINITY;
    const batch = waiting;
    waiting = [];
    isWanted = false;
    isAsking = true;
    try {
      await ask();
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    isAsking = false;
    consider();
  };

  const consider = (): void => {
    isDue = false;
    if (isAsking || waiting.length === 0) return;
    if (isWanted && waiting.length * 2 >= unsettled()) {
      void askForAll();
      return;
    }
    const shareMs = isWanted ? SHARE_MS : IDLE_SHARE_MS;
    if (shareMs >= timerMs) return;
    cancel();
    timerMs = shareMs;
    cancel = systemClock.setTimer(shareMs, () => void askForAll());
  };

  return (isUrgent) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      isWanted ||= isUrgent;
      if (isDue) return;
      isDue = true;
      // What comes in one go is settled in one go.
      void Promise.resolve().then(consider);
    });
}
