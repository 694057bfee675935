import { parentPort } from 'node:worker_threads';
import type { Work } from './threads.js';

/** Runs in a thread of its own: does what it is asked for, and loads for it only what that needs. */
parentPort?.on('message', async (work: Work) => {
  if (work === 'load') {
    await import('./emit-file.js');
    return;
  }
  if ('parse' in work) {
    const { takeItems } = await import('./parse-items.js');
    takeItems(work.parse);
    // Emitting comes next.
    await import('./emit-file.js');
    return;
  }
  const { emitFile } = await import('./emit-file.js');
  const texts: string[] = [];
  for (const task of work.emit) texts.push(await emitFile(task));
  parentPort?.postMessage(texts);
});
