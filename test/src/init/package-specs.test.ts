import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileSpec } from '../../../src/init/package-specs.js';
import { createScratch } from '../../support/scratch.js';

const INSTALLED = 'tools/node_modules/declaragent';

/** A folder in which a project has the package, as its package.json says. */
function installed(dependencies: object): string {
  const folder = createScratch({
    'tools/package.json': JSON.stringify(dependencies),
    'packed/declaragent.tgz': '',
  });
  mkdirSync(path.join(folder, INSTALLED), { recursive: true });
  return folder;
}

const specFrom = (folder: string, target = 'work/agent'): string | undefined =>
  fileSpec('declaragent', path.join(folder, INSTALLED), path.join(folder, target));

describe('a new project gets the package', () => {
  it('from the folder of a checkout', () => {
    const folder = createScratch({ 'checkout/package.json': '{}' });
    expect(fileSpec('declaragent', path.join(folder, 'checkout'), path.join(folder, 'work/agent'))).toBe(
      'file:../../checkout',
    );
  });

  it('from the folder of a checkout that a project has linked', () => {
    const folder = createScratch({ 'checkout/package.json': '{}', 'tools/node_modules/.keep': '' });
    symlinkSync(path.join(folder, 'checkout'), path.join(folder, INSTALLED));
    expect(specFrom(folder)).toBe('file:../../checkout');
  });

  it.each(['dependencies', 'devDependencies'])('from the tarball that the project around it names in %s', (key) => {
    const folder = installed({ [key]: { declaragent: 'file:../packed/declaragent.tgz' } });
    expect(specFrom(folder)).toBe('file:../../packed/declaragent.tgz');
  });

  it.each([
    ['a version', { dependencies: { declaragent: '^0.1.0' } }],
    ['a file that is gone', { dependencies: { declaragent: 'file:../gone.tgz' } }],
    ['nothing', {}],
  ])('by its version where that project names %s', (_, manifest) => {
    expect(specFrom(installed(manifest))).toBeUndefined();
  });

  it('as npm sees it, where links lead to its folder', () => {
    const folder = installed({ dependencies: { declaragent: 'file:../packed/declaragent.tgz' } });
    mkdirSync(path.join(folder, 'deep/er/place'), { recursive: true });
    symlinkSync(path.join(folder, 'deep/er/place'), path.join(folder, 'short'));
    expect(specFrom(folder, 'short/agent')).toBe('file:../../../../packed/declaragent.tgz');
  });
});
