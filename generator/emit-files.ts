import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { FileTask } from './emit-file.js';
import { endThreads, startedThreads, startThreads, type Work } from './threads.js';

const MOST_IN_A_BATCH = 8;

/** The id of a thread that has ended. */
const ENDED = -1;

/** Makes files, in the order of their tasks. What makes them is loaded only if there are any. */
export async function emitFiles(tasks: readonly FileTask[]): Promise<string[]> {
  if (tasks.length === 0) {
    await endThreads();
    return [];
  }
  startThreads(tasks.length);
  const threads = startedThreads();
  const texts: string[] = [];
  let next = 0;
  const takeBatch = (most: number): [start: number, batch: readonly FileTask[]] => {
    const share = Math.ceil((tasks.length - next) / (4 * (threads.length + 1)));
    const start = next;
    next = Math.min(tasks.length, start + Math.max(1, Math.min(most, share)));
    return [start, tasks.slice(start, next)];
  };
  const help = async (worker: Worker): Promise<void> => {
    while (next < tasks.length) {
      const [start, batch] = takeBatch(MOST_IN_A_BATCH);
      const made = await inThread(worker, batch);
      // What a thread cannot make fails here once more, and says why.
      for (const [index, task] of batch.entries()) texts[start + index] = made?.[index] ?? (await emit(task));
      if (made === null) return;
    }
  };
  const work = async (): Promise<void> => {
    while (next < tasks.length) {
      const [start, [task]] = takeBatch(1);
      if (task !== undefined) texts[start] = await emit(task);
      // Threads are given more only between two turns.
      await nextTurn();
    }
  };
  try {
    await Promise.all([...threads.map(help), work()]);
    return texts;
  } finally {
    await endThreads();
  }
}

async function emit(task: FileTask): Promise<string> {
  const { emitFile } = await import('./emit-file.js');
  return emitFile(task);
}

/** The texts of a batch; null where the thread has failed. */
function inThread(worker: Worker, batch: readonly FileTask[]): Promise<readonly string[] | null> {
  if (worker.threadId === ENDED) return Promise.resolve(null);
  return new Promise((resolve) => {
    const finish = (texts: readonly string[] | null): void => {
      worker.off('message', finish);
      worker.off('exit', fail);
      worker.unref();
      resolve(texts);
    };
    const fail = (): void => finish(null);
    worker.on('message', finish);
    worker.on('exit', fail);
    worker.ref();
    worker.postMessage({ emit: batch } satisfies Work);
  });
}
