import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder } from '../cache-folder.js';
import type { Io } from '../io.js';
import { specAround } from '../package-manifest.js';
import { count } from '../report/words.js';
import { versionOfThisPackage } from '../version.js';
import { type Check, fail, ok, warn } from './check.js';

const LEAST_NODE = [20, 19] as const;

/** Whether Node.js runs what is here. */
export function checkNode({ nodeVersion }: Io): Check[] {
  if (nodeVersion === undefined) return [];
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const message = `Node.js ${nodeVersion}`;
  if (isEnough) return [ok('node', message, 'environment')];
  return [fail('node', message, `install Node.js ${LEAST_NODE.join('.')} or later`, 'environment')];
}

const RUNTIME = '@declaragent/runtime';

/** Whether the runtime is of this program's version: here, and in the folder, where a build of the agent finds it. */
export function checkPackages(folder: string): Check[] {
  const version = versionOfThisPackage();
  const own = runtimeVersion(import.meta.url);
  const byVersion = `run npm install declaragent@${version} ${RUNTIME}@${version}`;
  const here =
    own === version
      ? ok('packages', `declaragent and ${RUNTIME} ${version}`, 'files')
      : fail('packages', `declaragent is ${version}, and its ${RUNTIME} is ${own ?? 'missing'}`, byVersion, 'files');
  const installed = runtimeVersion(`${folder}${path.sep}`);
  if (installed === version) return [here];
  const message =
    installed === undefined
      ? `${RUNTIME} is not installed in the folder: declaragent run does without, a build of the agent does not`
      : `${RUNTIME} in the folder is ${installed}, and declaragent is ${version}`;
  const isSaid = isInstalledBySpec(specAround(folder, RUNTIME), installed);
  return [here, warn('packages', message, isSaid ? 'run npm install' : byVersion, 'files')];
}

/** Whether npm gets the package by what package.json says already. A range has led to what is installed; a file is read anew. */
function isInstalledBySpec(spec: string | undefined, installed: string | undefined): boolean {
  return spec !== undefined && (installed === undefined || spec.startsWith('file:'));
}

function runtimeVersion(from: string): string | undefined {
  try {
    const manifest = createRequire(from).resolve(`${RUNTIME}/package.json`);
    return String((JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }).version);
  } catch {
    return undefined;
  }
}

/** Whether generated code is what the contract leads to. */
export async function checkGenerated(folder: string, io: Io): Promise<Check> {
  const { check, ContractError } = await import('../../generator/index.js');
  const cache = cacheFolder(io);
  const checked = await check({
    directory: folder,
    skills: false,
    ...(cache === undefined ? {} : { cache }),
  }).catch((error: unknown) => {
    if (error instanceof ContractError) return error;
    throw error;
  });
  if (checked instanceof ContractError) {
    // The folder's own files have been read by now: a contract of a peer is not there, and what is generated runs without.
    const message = `cannot be compared: ${checked.problems[0]?.message ?? checked.message}`;
    return warn('generated code', message, "look where the peer's contract is, or copy it into the project", 'files');
  }
  const { differences, total } = checked;
  if (differences.length === 0) return ok('generated code', `${count(total, 'file')} as the contract says`, 'files');
  const remedy = existsSync(path.join(folder, 'generated'))
    ? 'run declaragent codegen; --check lists them'
    : 'run declaragent codegen';
  return fail('generated code', count(differences.length, 'file differs', 'files differ'), remedy, 'files');
}
