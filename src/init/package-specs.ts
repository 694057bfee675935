import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { specIn } from '../package-manifest.js';
import { folderOfThisPackage, versionOfThisPackage } from '../version.js';
import { folderAround } from './target.js';

/** What a new package.json says of the two packages of this program. */
export interface PackageSpecs {
  readonly declaragent: string;
  readonly runtime: string;
}

/**
 * How a project in a folder gets the packages that run now. From a checkout, they are the folders of the checkout; where a
 * project has installed them from files, such as tarballs, they are these files; else they are a range of versions.
 */
export function packageSpecs(target: string): PackageSpecs {
  const version = `^${versionOfThisPackage()}`;
  const runtime = path.dirname(createRequire(import.meta.url).resolve('@declaragent/runtime/package.json'));
  return {
    declaragent: fileSpec('declaragent', folderOfThisPackage(), target) ?? version,
    runtime: fileSpec('@declaragent/runtime', runtime, target) ?? version,
  };
}

const MODULES = 'node_modules';

/** The file or folder that a package in `folder` comes from, seen from the target; undefined where that is not known. */
export function fileSpec(name: string, folder: string, target: string): string | undefined {
  // Links are followed: a checkout that is linked into a project is a checkout.
  const real = realpathSync(folder);
  const parts = real.split(path.sep);
  const depth = parts.lastIndexOf(MODULES);
  if (depth === -1) return specOf(real, target);
  const host = parts.slice(0, depth).join(path.sep);
  const source = /^file:(.+)$/.exec(specIn(path.join(host, 'package.json'), name) ?? '')?.[1];
  if (source === undefined) return undefined;
  const file = path.resolve(host, source);
  return existsSync(file) ? specOf(realpathSync(file), target) : undefined;
}

function specOf(file: string, target: string): string {
  // As npm sees it from inside, whatever links have led there.
  const around = folderAround(target);
  const real = path.join(realpathSync(around), path.relative(around, target));
  return `file:${path.relative(real, file).split(path.sep).join('/')}`;
}
