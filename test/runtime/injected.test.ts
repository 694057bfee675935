import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createScratch } from '../support/scratch.js';

const root = path.resolve(import.meta.dirname, '../..');

/** Ways to the machine's own time and chance that the linter knows. */
const PLANTED = [
  'export const at = Date.now();',
  'export const at = performance.now();',
  'setTimeout(() => {}, 1);',
  'setInterval(() => {}, 1);',
  'setImmediate(() => {});',
  'export const id = crypto.randomUUID();',
  "import { setTimeout as wait } from 'node:timers/promises';\nawait wait(1);",
  "import { setTimeout as wait } from 'node:timers';\nwait(() => {}, 1);",
];

/** Those that it has no rule for: members of objects that are used for other things as well. */
const FORBIDDEN =
  /\bMath\.random\b|\brandom(?:Bytes|UUID|Fill|FillSync|Int)\b|\bgetRandomValues\b|\bhrtime\b|\bAbortSignal\.timeout\b|\bglobalThis\b/;

/** The files in which the linter, with the configuration of this repository, finds what is restricted. */
function findRestricted(files: Readonly<Record<string, string>>): string[] {
  const { vcs: _, ...config } = JSON.parse(readFileSync(path.join(root, 'biome.json'), 'utf8'));
  const folder = createScratch({ 'biome.json': JSON.stringify(config), ...files });
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--reporter=github', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const lines = stdout.matchAll(/title=lint\/style\/noRestricted\w+,file=([^,]+)/g);
  const found = Array.from(lines, ([, file = '']) => path.relative(folder, path.resolve(folder, file)));
  return [...new Set(found)].sort();
}

test('the linter lets nothing of the runtime but clock.ts ask the machine for time or chance', () => {
  const clock = readFileSync(path.join(root, 'runtime/clock.ts'), 'utf8');
  const planted = PLANTED.map((text, index) => [`planted${index}.ts`, `${text}\n`] as const);
  const into = (folder: string) => Object.fromEntries(planted.map(([name, text]) => [`${folder}/${name}`, text]));
  const [core, testing] = [into('runtime'), into('runtime/testing')];
  const files = { ...core, ...testing, ...into('src'), 'runtime/clock.ts': clock, 'runtime/another.ts': clock };
  expect(findRestricted(files)).toEqual([...Object.keys({ ...core, ...testing }), 'runtime/another.ts'].sort());
});

test('nothing of it asks in a way that the linter does not know', () => {
  const files = readdirSync(path.join(root, 'runtime'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/^(?:dist|node_modules)\//.test(file),
  );
  const found = files.filter((file) => FORBIDDEN.test(readFileSync(path.join(root, 'runtime', file), 'utf8')));
  expect(found).toEqual(['clock.ts']);
  for (const text of ['Math.random()', 'randomUUID()', 'AbortSignal.timeout(5)']) expect(text).toMatch(FORBIDDEN);
});
