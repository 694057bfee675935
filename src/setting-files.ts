import path from 'node:path';
import type { Transport, TransportLoaders } from '@declaragent/runtime';

/** The settings that name files, by themselves or in a mapping of theirs. */
const FILES = ['credsFile'];
const SECURITY = ['tls', 'ssl'];
const SECURITY_FILES = ['ca', 'cert', 'key'];

/**
 * Loaders of transports that take the files which their settings name from `folder`, where a path is relative: it stands in a YAML
 * file of that folder, and a process may run agents of several.
 */
export function withFilesFrom(folder: string, loaders: TransportLoaders): TransportLoaders {
  const wrapped = Object.entries(loaders).map(([kind, load]) => [
    kind,
    async () => {
      const factory = (await load()) as (config: unknown) => Transport;
      return (config: Readonly<Record<string, unknown>>) => factory(resolveFiles(folder, config));
    },
  ]);
  return Object.fromEntries(wrapped);
}

function resolveFiles(folder: string, config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const secured = SECURITY.filter((name) => typeof config[name] === 'object').map((name) => [
    name,
    resolveIn(folder, config[name] as Readonly<Record<string, unknown>>, SECURITY_FILES),
  ]);
  return { ...resolveIn(folder, config, FILES), ...Object.fromEntries(secured) };
}

function resolveIn(
  folder: string,
  settings: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const resolved = names.flatMap((name) => {
    const value = settings[name];
    return typeof value === 'string' && !isPem(value) ? [[name, path.resolve(folder, value)] as const] : [];
  });
  return { ...settings, ...Object.fromEntries(resolved) };
}

/** Not a path but the text itself. */
function isPem(value: string): boolean {
  return value.trimStart().startsWith('-----BEGIN ');
}
