import { platform } from 'node:os';
import path from 'node:path';
import type { Io } from './io.js';

/**
 * The folder of this user's in which runs remember what they made; undefined where there is no place for one, or where
 * DECLARAGENT_CACHE_DIR is empty. It lies outside of every project, so that nothing which is checked in can stand for a
 * run that never was.
 */
export function cacheFolder({ cwd, environment }: Io): string | undefined {
  const own = environment['DECLARAGENT_CACHE_DIR'];
  if (own !== undefined) return own === '' ? undefined : path.join(path.resolve(cwd, own), 'codegen');
  const base = userCache(environment);
  return base === undefined ? undefined : path.join(base, 'declaragent', 'codegen');
}

/** Where the operating system keeps what programs can make again. */
function userCache(environment: Io['environment']): string | undefined {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local, HOME: home } = environment;
  if (xdg !== undefined && path.isAbsolute(xdg)) return xdg;
  if (platform() === 'win32') return local;
  if (home === undefined || !path.isAbsolute(home)) return undefined;
  return platform() === 'darwin' ? path.join(home, 'Library', 'Caches') : path.join(home, '.cache');
}
