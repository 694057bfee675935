import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const runtime = path.resolve(import.meta.dirname, '../../runtime');

/**
 * The most that `@declaragent/runtime` may weigh without its other doors. The goal is 15,360 bytes by esbuild, which
 * `npm run bench:rpc` prints; Rolldown, which comes with vitest, makes 95 of each 100 bytes that esbuild makes.
 */
const LIMIT = 14_600;

/** What a bundle of one door holds, and its bytes when it is minified and gzipped. */
async function bundle(door: string): Promise<{ readonly bytes: number; readonly modules: string[] }> {
  const build = await rolldown({
    input: path.join(runtime, `${door}.ts`),
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  });
  const { output } = await build.generate({ format: 'esm', minify: true });
  await build.close();
  const [chunk] = output;
  const modules = Object.entries(chunk.modules).flatMap(([file, { renderedLength }]) =>
    renderedLength > 0 ? [path.basename(file, '.ts')] : [],
  );
  return { bytes: gzipSync(chunk.code, { level: 9 }).length, modules };
}

test('the core of the runtime stays within its limit', async () => {
  const { bytes } = await bundle('index');
  expect(bytes).toBeLessThanOrEqual(LIMIT);
  // Much less would be a bundle that lacks something.
  expect(bytes).toBeGreaterThan(LIMIT / 2);
});

test('the core holds nothing that has a door of its own', async () => {
  const { modules } = await bundle('index');
  expect(modules).toEqual(expect.arrayContaining(['bus', 'client', 'server']));
  for (const door of ['auth', 'codes', 'connect', 'credentials', 'environment', 'formats', 'interceptor', 'retry']) {
    expect(modules).not.toContain(door);
  }
});

test('validators come without a bus, and without a module of Node', async () => {
  const { modules } = await bundle('validation');
  expect(modules.sort()).toEqual(['pointer', 'validation']);
});
