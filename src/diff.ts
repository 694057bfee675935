import { createTwoFilesPatch } from 'diff';
import type { Texts } from '../generator/index.js';

const CONTEXT = 3;
const NONE = '/dev/null';

/** How a file would change, as a patch that `git apply` takes. `file` is relative to the working folder. */
export function patchOf(file: string, { found, planned }: Texts): string {
  const patch = createTwoFilesPatch(
    found === null ? NONE : `a/${file}`,
    planned === null ? NONE : `b/${file}`,
    found ?? '',
    planned ?? '',
    undefined,
    undefined,
    { context: CONTEXT },
  );
  return patch.replace(/^=+\n/, '');
}
