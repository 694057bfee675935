import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What changes the disk, of all that codegen calls. */
const OPERATIONS = [
  'mkdtempSync',
  'mkdirSync',
  'writeFileSync',
  'chmodSync',
  'linkSync',
  'symlinkSync',
  'renameSync',
  'rmdirSync',
  'rmSync',
  'unlinkSync',
] as const;

const MAKE_THEIR_SECOND: ReadonlySet<string> = new Set(['linkSync', 'symlinkSync', 'renameSync']);

export interface Operation {
  readonly name: (typeof OPERATIONS)[number];
  /** The file or folder that is made, changed or deleted. */
  readonly target: string;
  /** What a file is filled with; undefined for other operations. */
  readonly content: string | undefined;
  perform(): unknown;
}

/** Has every change to the disk go through `around`, and returns what ends that. */
export function interceptDisk(around: (operation: Operation) => unknown): () => void {
  const real = OPERATIONS.map((name) => [name, fs[name]] as const);
  let isInside = false;
  for (const [name, perform] of real) {
    Reflect.set(fs, name, (...args: unknown[]): unknown => {
      const call = (): unknown => Reflect.apply(perform, fs, args);
      if (isInside) return call();
      isInside = true;
      try {
        const target = String(MAKE_THEIR_SECOND.has(name) ? args[1] : args[0]);
        return around({ name, target, content: name === 'writeFileSync' ? String(args[1]) : undefined, perform: call });
      } finally {
        isInside = false;
      }
    });
  }
  syncBuiltinESMExports();
  return () => {
    for (const [name, perform] of real) Reflect.set(fs, name, perform);
    syncBuiltinESMExports();
  };
}

/** An error as the disk's own are. */
export function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test has it`), { code });
}
