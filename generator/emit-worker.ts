import { parentPort } from 'node:worker_threads';
import { emitFile, type FileTask } from './emit-file.js';

/** Runs in a thread of its own: makes the files of each batch that it is given, and answers with their texts. */
parentPort?.on('message', async (tasks: readonly FileTask[]) => {
  const texts: string[] = [];
  for (const task of tasks) texts.push(await emitFile(task));
  parentPort?.postMessage(texts);
});
