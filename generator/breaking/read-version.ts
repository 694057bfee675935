import { compileContract } from '../compile-contract.js';
import { parseSource, type SourceDocument } from '../document.js';
import { checkExamples } from '../examples.js';
import { followReferences } from '../follow.js';
import type { ContractFiles } from '../load.js';
import { ContractError, type Problem } from '../problem.js';
import type { Tree } from './tree.js';
import { createVersion, type Version } from './version.js';

export interface ReadVersion {
  readonly version: Version;
  /** Every text read, by the name that places use. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads a contract and the files that it refers to, and compiles it.
 *
 * @throws {ContractError} with everything that is wrong with it.
 */
export function readVersion(tree: Tree): ReadVersion {
  const problems: Problem[] = [];
  const sources = new Map<string, string>();
  const read = (relative: string): SourceDocument | null => {
    const name = tree.nameOf(relative);
    const text = tree.read(relative);
    if (typeof text !== 'string') {
      problems.push({ ...text, place: { file: name, line: 1, column: 1 } });
      return null;
    }
    sources.set(name, text);
    const parsed = parseSource(name, text);
    problems.push(...parsed.problems);
    return parsed.problems.length === 0 ? parsed.document : null;
  };
  const main = read(tree.main);
  if (main === null) throw new ContractError(problems, sources);
  const followed = followReferences(main, tree.main, { has: (relative) => tree.has(relative), read });
  const files: ContractFiles = { main, ...followed, items: null, skeleton: '', recalled: [], work: 0, records: [] };
  const compiled = compileContract(files, problems, checkExamples);
  if (compiled === null || problems.length > 0) throw new ContractError(problems, sources);
  return { version: createVersion(compiled.contract, files), sources };
}
