/** How much of the runtime an application ships: each door of the package, bundled, minified and gzipped. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What generated code imports when its schemas name formats, with the transport that ships. */
const GENERATED_AGENT = ['.', './connect', './formats', './memory', './validation'];

/**
 * A door that stands on the core is measured together with it. The core itself is `.`.
 *
 * @param {string} runtime the folder of the built @declaragent/runtime
 * @returns {Promise<{ doors: Record<string, number>, generatedAgent: number }>} bytes; doors by name, such as `.` and `./memory`
 */
export async function measureSizes(runtime) {
  const { exports, peerDependencies } = JSON.parse(readFileSync(path.join(runtime, 'package.json'), 'utf8'));
  // The clients of brokers are packages of their own.
  const external = Object.keys(peerDependencies ?? {});
  const files = new Map();
  for (const [door, target] of Object.entries(exports)) {
    const file = path.join(runtime, typeof target === 'string' ? target : target.default);
    if (file.endsWith('.js') && existsSync(file)) files.set(door, file);
  }
  const doors = {};
  for (const [door, file] of files) doors[door] = await measure([file], external);
  const generatedAgent = await measure(
    GENERATED_AGENT.flatMap((door) => files.get(door) ?? []),
    external,
  );
  return { doors, generatedAgent };
}

async function measure(files, external) {
  const contents = files.map((file) => `export * from ${JSON.stringify(file)};`).join('\n');
  const entry =
    files.length === 1 ? { entryPoints: files } : { stdin: { contents, resolveDir: path.dirname(files[0]) } };
  const options = {
    bundle: true,
    external,
    minify: true,
    platform: 'node',
    format: 'esm',
    write: false,
    logLevel: 'error',
  };
  const { outputFiles } = await build({ ...entry, ...options });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}
