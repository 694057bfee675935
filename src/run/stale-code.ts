import { cacheFolder } from '../cache-folder.js';
import type { Io } from '../io.js';
import { count } from '../report/words.js';

/** What says where an agent stands; a run connects by the YAML itself. */
const BUS_FILE = 'generated/bus.gen.ts';

/** A sentence about generated code that is not what its contract leads to any more; undefined where it is. */
export async function findStaleCode(folder: string, io: Io): Promise<string | undefined> {
  const { check, ContractError } = await import('../../generator/index.js');
  const cache = cacheFolder(io);
  try {
    const { differences } = await check({
      directory: folder,
      skills: false,
      ...(cache === undefined ? {} : { cache }),
    });
    if (differences.length === 0) return undefined;
    if (differences.every(({ path }) => path === BUS_FILE || path.endsWith('/.declaragent-manifest.json'))) {
      return (
        `Warning: ${BUS_FILE} in ${folder} is not what the YAML says now; this run goes by the YAML. Run declaragent codegen ` +
        'before you check it in.'
      );
    }
    return (
      `Warning: ${count(differences.length, 'generated file differs', 'generated files differ')} from what the contract in ` +
      `${folder} leads to; run declaragent codegen --check to see them.`
    );
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    // What is wrong with the folder's own files has been said by now: a contract of a peer is not there.
    const [first] = error.problems;
    return `Warning: nobody knows whether the generated code in ${folder} is up to date: ${first?.message ?? error.message}`;
  }
}
