import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What a package.json says of one of its packages; undefined where it says nothing, or is not there. */
export function specIn(manifest: string, name: string): string | undefined {
  if (!existsSync(manifest)) return undefined;
  try {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
    return dependencies?.[name] ?? devDependencies?.[name];
  } catch {
    // Somebody else's file; what goes without it is right all the same.
    return undefined;
  }
}

/** What the nearest package.json says that names the package: that of the folder, or of one above it. */
export function specAround(folder: string, name: string): string | undefined {
  const spec = specIn(path.join(folder, 'package.json'), name);
  const parent = path.dirname(folder);
  return spec === undefined && parent !== folder ? specAround(parent, name) : spec;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
