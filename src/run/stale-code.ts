import { cacheFolder } from '../cache-folder.js';
import type { Io } from '../io.js';
import { count } from '../report/words.js';

/** A sentence about generated code that is not what its contract leads to any more; undefined where it is. */
export async function findStaleCode(folder: string, io: Io): Promise<string | undefined> {
  const { check } = await import('../../generator/index.js');
  const cache = cacheFolder(io);
  const { differences } = await check({ directory: folder, skills: false, ...(cache === undefined ? {} : { cache }) });
  if (differences.length === 0) return undefined;
  return (
    `Warning: ${count(differences.length, 'generated file differs', 'generated files differ')} from what the contract in ` +
    `${folder} leads to; run declaragent codegen --check to see them.`
  );
}
