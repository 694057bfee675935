/** Loaded before a measured program: writes its peak memory, in KiB, to the file that BENCH_USAGE names. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => writeFileSync(process.env.BENCH_USAGE, String(process.resourceUsage().maxRSS)));
}
