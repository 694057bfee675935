import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { createScratch, repository } from './scratch.js';

const ROOMS = ['generator', 'src', 'test/support'];

/** Makes JavaScript of the program as its source stands now, in a folder of its own, for processes that tests start. */
export function buildProgram(): string {
  const program = createScratch();
  for (const name of ['package.json', 'templates']) {
    cpSync(path.join(repository, name), path.join(program, name), { recursive: true });
  }
  symlinkSync(path.join(repository, 'node_modules'), path.join(program, 'node_modules'));
  for (const room of ROOMS) {
    for (const name of readdirSync(path.join(repository, room), { recursive: true, encoding: 'utf8' })) {
      const from = path.join(repository, room, name);
      const to = path.join(program, room, name);
      mkdirSync(path.dirname(to), { recursive: true });
      if (name.endsWith('.ts')) writeFileSync(to.replace(/\.ts$/, '.js'), transpiled(from));
      else if (name.endsWith('.json')) cpSync(from, to);
    }
  }
  return program;
}

function transpiled(file: string): string {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
  });
  return outputText;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Starts `declaragent codegen` in a folder as a process. */
export function startProgram(program: string, folder: string): ChildProcess {
  return spawn(process.execPath, [path.join(program, 'src/cli.js'), 'codegen'], { cwd: folder, stdio: 'ignore' });
}

/** Runs `declaragent codegen` in a folder as a process, with the text of a module that is imported before it. */
export function runProgram(
  program: string,
  folder: string,
  preload: string,
  ...args: readonly string[]
): Promise<Ended> {
  const imports = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  const cli = path.join(program, 'src/cli.js');
  return new Promise((resolve, reject) => {
    let stderr = '';
    const child = spawn(process.execPath, [...imports, cli, 'codegen', ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stderr }));
  });
}
