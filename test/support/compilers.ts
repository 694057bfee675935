import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from './scratch.js';

/** The TypeScript versions that generated code must compile with, by the folder of each in node_modules. */
export const COMPILERS: Readonly<Record<string, string>> = {
  '5.9': 'typescript-5',
  '6': 'typescript',
  '7': 'typescript-7',
};

/** Every flag that CONTRACT.md names. */
const FLAGS = {
  target: 'es2022',
  lib: ['es2022'],
  types: ['node'],
  typeRoots: [path.join(repository, 'node_modules/@types')],
  skipLibCheck: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  isolatedDeclarations: true,
  erasableSyntaxOnly: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noImplicitReturns: true,
  noImplicitOverride: true,
  noFallthroughCasesInSwitch: true,
  declaration: true,
  noEmit: true,
};

export const RESOLUTIONS: Readonly<Record<string, object>> = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};

/**
 * Type-checks every TypeScript file of a folder outside the repository, with the runtime as it was built, and returns
 * what the compiler says: nothing where all is well.
 */
export function typeCheck(folder: string, compiler: string, resolution: string): string {
  const modules = path.join(folder, 'node_modules');
  if (!existsSync(modules)) symlinkSync(path.join(repository, 'node_modules'), modules);
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  const config = path.join(folder, `tsconfig.${compiler}.${resolution}.json`);
  writeFileSync(
    config,
    JSON.stringify({ compilerOptions: { ...FLAGS, ...RESOLUTIONS[resolution] }, include: ['**/*.ts'] }),
  );
  const tsc = path.join(repository, 'node_modules', COMPILERS[compiler] ?? compiler, 'bin/tsc');
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', config, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return status === 0 ? '' : `${stdout}${stderr}` || `tsc ended with ${status}`;
}
