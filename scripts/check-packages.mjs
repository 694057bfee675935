// Packs both packages as npm would publish them and lets publint and attw look at the tarballs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(tmpdir(), 'declaragent-pack-'));
const run = (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
try {
  run('npm', 'pack', '--silent', '--workspaces', '--include-workspace-root', '--pack-destination', folder);
  const tarballs = readdirSync(folder).map((name) => path.join(folder, name));
  if (tarballs.length !== 2) throw new Error(`Two tarballs were expected, not ${tarballs.length}.`);
  for (const tarball of tarballs) {
    run('npx', '--no-install', 'publint', 'run', '--strict', tarball);
    // The schemas are JSON for editors: they have no types, and need none.
    run(
      'npx',
      '--no-install',
      'attw',
      '--profile',
      'esm-only',
      '--exclude-entrypoints',
      './capabilities.schema.json',
      './rpc-peers.schema.json',
      './agent.schema.json',
      '--',
      tarball,
    );
  }
} catch (error) {
  if (error.status === undefined) throw error;
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
