/** How much of the runtime an application ships: each door of the package, bundled, minified and gzipped. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * @param {string} runtime the folder of the built @declaragent/runtime
 * @returns {Promise<Record<string, number>>} bytes by door, such as `.` and `./memory`
 */
export async function measureSizes(runtime) {
  const { exports } = JSON.parse(readFileSync(path.join(runtime, 'package.json'), 'utf8'));
  const sizes = {};
  for (const [door, target] of Object.entries(exports)) {
    const file = typeof target === 'string' ? target : target.default;
    const entry = path.join(runtime, file);
    if (!file.endsWith('.js') || !existsSync(entry)) continue;
    const options = { bundle: true, minify: true, platform: 'node', format: 'esm', write: false };
    const { outputFiles } = await build({ ...options, entryPoints: [entry], logLevel: 'warning' });
    sizes[door] = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  }
  return sizes;
}
