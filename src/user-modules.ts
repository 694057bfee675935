import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createJiti } from 'jiti';

/** Loads the TypeScript of an agent's folder. */
export interface UserModules {
  /** The exports of a file, whose path is relative to the folder. Rejects with what the file throws. */
  load(file: string): Promise<Readonly<Record<string, unknown>>>;
}

const RUNTIME = '@declaragent/runtime';
const TRANSPORTS: ReadonlySet<string> = new Set(['memory', 'kafka', 'nats', 'amqp', 'mqtt', 'sqs']);

/**
 * Makes a loader for one folder. Whatever the folder has installed, `@declaragent/runtime` and its doors are those of this
 * program: two agents in two folders meet on one memory broker, and an error of one is an error to the other.
 */
export async function createUserModules(folder: string, transportKinds: readonly string[]): Promise<UserModules> {
  const jiti = createJiti(`${folder}${path.sep}`, {
    // What was edited a moment ago is what runs, and nothing is left in the folder.
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: await runtimeDoors(transportKinds),
  });
  const loaded = new Map<string, Promise<Readonly<Record<string, unknown>>>>();
  return {
    load(file) {
      const known = loaded.get(file) ?? jiti.import<Readonly<Record<string, unknown>>>(path.join(folder, file));
      loaded.set(file, known);
      return known;
    },
  };
}

/** Every door of the runtime but those of brokers that no transport of the folder names. */
async function runtimeDoors(transportKinds: readonly string[]): Promise<Record<string, unknown>> {
  const manifest = createRequire(import.meta.url).resolve(`${RUNTIME}/package.json`);
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: Record<string, unknown> };
  const names = Object.keys(exports)
    .map((door) => door.replace(/^\.\/?/, ''))
    .filter((door) => door !== 'package.json' && door !== 'testing')
    .filter((door) => !TRANSPORTS.has(door) || transportKinds.includes(door));
  const doors = await Promise.all(
    names.map(async (name) => {
      const specifier = name === '' ? RUNTIME : `${RUNTIME}/${name}`;
      return [specifier, await import(specifier)] as const;
    }),
  );
  return Object.fromEntries(doors);
}
