import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ContractError, check, generate } from '../../generator/index.js';

/*
 * A process that generates one contract after another: a line of JSON in, a line out. Who started it watches the time, and
 * the memory it may have is its own limit.
 */

interface Asked {
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
}

/** What became of one contract: `faults` are sentences about what may not be. */
interface Answered {
  readonly outcome: 'accepted' | 'refused' | 'crashed';
  readonly faults: readonly string[];
}

async function answer({ folder, files }: Asked): Promise<Answered> {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  try {
    await generate({ directory: folder });
  } catch (error) {
    if (!(error instanceof ContractError)) {
      return { outcome: 'crashed', faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
    }
    return { outcome: 'refused', faults: refusalFaults(folder, files, error) };
  }
  const strays = namesIn(folder).filter(
    (name) => !(name in files) && !/^(?:generated|skills)\/|^skills\.ts$/.test(name),
  );
  const { differences } = await check({ directory: folder });
  return {
    outcome: 'accepted',
    faults: [
      ...strays.map((name) => `${name} was written outside the output folder`),
      ...differences.map(({ kind, path: name }) => `a second run finds ${name} ${kind}`),
    ],
  };
}

function refusalFaults(folder: string, files: Readonly<Record<string, string>>, { problems }: ContractError): string[] {
  const placeless = problems.filter(({ place: { file, line, column } }) => {
    const lines = (files[file] ?? '').split(/\r\n?|\n/);
    return line < 1 || column < 1 || line > lines.length || column > (lines[line - 1] ?? '').length + 2;
  });
  const written = namesIn(folder).filter((name) => !(name in files));
  return [
    ...(problems.length === 0 ? ['it was refused for nothing'] : []),
    ...placeless.map(({ code, place }) => `${code} is placed at ${JSON.stringify(place)}`),
    ...written.map((name) => `${name} was written`),
  ];
}

function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Asked))}\n`);
}
