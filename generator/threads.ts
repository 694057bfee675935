import { availableParallelism } from 'node:os';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { FileTask } from './emit-file.js';

/**
 * From how many files on a thread pays: it loads and warms up all that the first one does, on a processor that the engine
 * uses for its own threads too.
 */
const LEAST_FOR_THREADS = 400;
const MOST_THREADS = 3;

/** As much stack as the main thread has, so that nothing depends on where it is made. */
const STACK_MB = 1;

/** What a thread is asked for: the texts of files, a hand with parsing, or to load what makes files. */
export type Work = { readonly emit: readonly FileTask[] } | { readonly parse: ParseWork } | 'load';

/** Items that several threads parse, each taking the next that nobody has taken. */
export interface ParseWork {
  readonly file: string;
  readonly texts: readonly string[];
  /** Shared memory: the index of the next item, and whether the thread has begun and ended. */
  readonly state: Int32Array;
  /** Gets the values by their indexes. */
  readonly port: MessagePort;
}

/** The places in {@link ParseWork}'s `state`. */
export const NEXT = 0;
export const PROGRESS = 1;

/** What stands at {@link PROGRESS}; 0 before it has begun. */
export const WORKING = 1;
export const DONE = 2;

/** Threads that have been started. */
let threads: Worker[] = [];

/** Starts the threads for so many files, which load what they need while the contract is still being read. */
export function startThreads(files: number, most: number = MOST_THREADS): void {
  // Sources that run as they are, in a test, have no module that a thread could load.
  if (files < LEAST_FOR_THREADS || !import.meta.url.endsWith('.js')) return;
  const count = Math.min(availableParallelism() - 1, most);
  while (threads.length < count) threads.push(startThread());
}

/**
 * Starts one thread for a contract of so many files, of which an earlier run knows most. What makes a file takes long to
 * load, and the thread does so while the contract is read.
 */
export function startThreadForFew(files: number): void {
  startThreads(files, 1);
  for (const thread of threads) thread.postMessage('load' satisfies Work);
}

function startThread(): Worker {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { resourceLimits: { stackSizeMb: STACK_MB } });
  // A run that ends early does not wait for it, and one that goes on does its work itself if a thread cannot.
  worker.on('error', () => {});
  worker.unref();
  return worker;
}

/** The threads that have been started; none where they do not pay. */
export function startedThreads(): readonly Worker[] {
  return threads;
}

/** Ends all threads. */
export async function endThreads(): Promise<void> {
  const workers = threads;
  threads = [];
  await Promise.all(workers.map((worker) => worker.terminate()));
}
