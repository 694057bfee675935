import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { generate } from '../../generator/index.js';
import { capability, contractText } from '../support/contract.js';
import { buildProgram } from '../support/program.js';
import { createScratch, readTree, writeFiles } from '../support/scratch.js';

/** More than the files that threads are started for. */
const MANY = 420;

function contractOf(count: number): string {
  const definitions = { Money: { type: 'object', properties: { amount: { type: 'integer' } }, required: ['amount'] } };
  const capabilities = Array.from({ length: count }, (_, index) =>
    capability(`c${index}`, { type: 'object', properties: { [`p${index}`]: { $ref: '#/definitions/Money' } } }),
  );
  return contractText({ definitions, capabilities });
}

/** Runs the program as it is installed, which is when threads can be started. */
function run(program: string, folder: string, cpus: number, cache = ''): ReturnType<typeof spawnSync> {
  const preload = `import os from 'node:os'; os.availableParallelism = () => ${cpus}; import { syncBuiltinESMExports } from 'node:module'; syncBuiltinESMExports();`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, path.join(program, 'src/cli.js')];
  return spawnSync(process.execPath, [...args, 'codegen', '--no-skills'], {
    cwd: folder,
    env: { ...process.env, DECLARAGENT_CACHE_DIR: cache },
    encoding: 'utf8',
    // A thread that stays keeps the process, and nothing else here would end it.
    timeout: 20_000,
  });
}

describe('files that are made on several threads', () => {
  const program = buildProgram();

  it.each([1, 2, 4])('are the same as those that one thread makes: %i at most', async (cpus) => {
    const text = contractOf(MANY);
    const [alone, threaded] = [
      createScratch({ 'capabilities.yaml': text }),
      createScratch({ 'capabilities.yaml': text }),
    ];
    await generate({ directory: alone, skills: false });
    const { status, stderr } = run(program, threaded, cpus);
    expect([status, stderr]).toEqual([0, expect.stringContaining('files written')]);
    expect(readTree(threaded)).toEqual(readTree(alone));
  });

  it('are the same where one thread makes what was edited since an earlier run', async () => {
    const [folder, cache] = [createScratch(), createScratch()];
    // As long as a contract is for which the thread starts before it is read.
    const write = (edit: string): void =>
      writeFiles(folder, {
        'capabilities.yaml': `# ${'-'.repeat(900_000)}\n${stringify(JSON.parse(contractOf(MANY))).replaceAll('p7:', `${edit}:`)}`,
      });
    for (const edit of ['p7', 'other', 'third']) {
      write(edit);
      expect(run(program, folder, 2, cache).status).toBe(0);
    }
    const alone = createScratch();
    writeFiles(alone, { 'capabilities.yaml': readFileSync(path.join(folder, 'capabilities.yaml'), 'utf8') });
    await generate({ directory: alone, skills: false });
    expect(readTree(folder)).toEqual(readTree(alone));
  });

  it('are the same where threads share the parsing of a long file too, whatever its values are', async () => {
    const strange = {
      default: -0,
      description: 'An ü, a \u202e and a\nline.',
      examples: [JSON.parse('{"__proto__":{"a":1}}')],
    };
    const items = Array.from({ length: MANY }, (_, index) =>
      capability(`c${index}`, { type: 'object', properties: { [`p${index}`]: { ...strange, maxLength: index } } }),
    );
    const text = stringify(JSON.parse(contractText({ capabilities: items })));
    expect(text.length).toBeGreaterThan(32_768);
    const [alone, threaded] = [
      createScratch({ 'capabilities.yaml': text }),
      createScratch({ 'capabilities.yaml': text }),
    ];
    await generate({ directory: alone, skills: false });
    const { status, stderr } = run(program, threaded, 2);
    expect([status, stderr]).toEqual([0, expect.stringContaining('files written')]);
    expect(readTree(threaded)).toEqual(readTree(alone));
    expect(Object.values(readTree(threaded)).join('')).toContain('__proto__');
  });

  it('leave no thread behind where the contract has a mistake', () => {
    const text = contractOf(MANY).replace('"type":"integer"', '"type":"int"').padEnd(1_000_000);
    const { status, stderr } = run(program, createScratch({ 'capabilities.yaml': text }), 4);
    expect([status, stderr]).toEqual([1, expect.stringContaining('unknown-type')]);
  });
});
