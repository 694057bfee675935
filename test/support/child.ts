import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { repository } from './scratch.js';

/** Gives a folder outside the repository the built runtime as its one package: nothing else can be imported there. */
export function installRuntime(folder: string): void {
  const home = path.join(folder, 'node_modules/@declaragent/runtime');
  for (const name of ['package.json', 'dist']) {
    cpSync(path.join(repository, 'runtime', name), path.join(home, name), { recursive: true });
  }
}

/** Writes a generated module as the `.mjs` file that a build would make of it, without its types; so must be its siblings. */
export function transpile(file: string): string {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
  });
  const module = file.replace(/\.ts$/, '.mjs');
  writeFileSync(module, outputText.replace(/^(import .* from ['"]\.[^'"]*)\.js(?=['"];$)/gm, '$1.mjs'));
  return module;
}

/** Runs an ESM script in a folder, in a process that cannot make code from strings, and returns what it prints as JSON. */
export function runScript(folder: string, script: string, input: unknown = null): unknown {
  const file = path.join(folder, 'script.mjs');
  writeFileSync(file, script);
  const output = execFileSync(process.execPath, ['--disallow-code-generation-from-strings', file], {
    cwd: folder,
    encoding: 'utf8',
    input: JSON.stringify(input),
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(output);
}

/** A generated validator and values to check with it. */
export interface Job {
  readonly module: string;
  readonly name: string;
  readonly values: readonly unknown[];
}

/** What `check` answers for each value of each job, or the message of what it threw. */
export function runChecks(folder: string, jobs: readonly Job[]): unknown[][] {
  const script = `
    import { readFileSync } from 'node:fs';
    const results = [];
    for (const { module, name, values } of JSON.parse(readFileSync(0, 'utf8'))) {
      try {
        const validator = (await import(module))[name];
        results.push(values.map((value) => validator.findViolations(value)));
      } catch (error) {
        results.push(values.map(() => String(error)));
      }
    }
    process.stdout.write(JSON.stringify(results));`;
  return runScript(folder, script, jobs) as unknown[][];
}
