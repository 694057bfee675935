import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Executed } from '../../runtime/errors.js';

/** What a process of the soak puts on record. Times are milliseconds since the epoch, on the one clock of the machine. */
export type Entry =
  | {
      readonly what: 'called';
      readonly at: number;
      readonly id: string;
      readonly capability: string;
      readonly deadline: number;
    }
  | {
      readonly what: 'ended';
      readonly at: number;
      readonly id: string;
      readonly status: string;
      readonly executed?: Executed;
      readonly code?: string;
      /** Whether the answer was that of another call, capability or agent. */
      readonly isWrong?: boolean;
    }
  | { readonly what: 'ran'; readonly at: number; readonly id: string; readonly capability: string }
  | { readonly what: 'answered'; readonly at: number; readonly id: string }
  | { readonly what: 'killed' | 'serves'; readonly at: number; readonly who: 'broker' | 'receiver' }
  | {
      readonly what: 'memory';
      readonly at: number;
      readonly who: 'caller' | 'receiver';
      readonly pid: number;
      readonly heapBytes: number;
    };

/** Where one process writes. */
export interface Account {
  write(entry: Entry): void;
}

/** Each entry is with the operating system before `write` returns, so that a process that is killed leaves all of them. */
export function openAccount(folder: string, name: string): Account {
  const file = openSync(path.join(folder, `${name}.jsonl`), 'a');
  return { write: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`) };
}

/** Every entry of every process. The last line of one that was killed while it wrote is passed over. */
export function readAccounts(folder: string): Entry[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => {
      const lines = readFileSync(path.join(folder, name), 'utf8').split('\n');
      lines.pop();
      return lines.map((line) => JSON.parse(line) as Entry);
    });
}
