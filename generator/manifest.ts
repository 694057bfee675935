import { createHash } from 'node:crypto';
import { isObject } from './json.js';
import { byCodePoint } from './model.js';

/** The name of the file in which each output folder lists what codegen wrote there. */
export const MANIFEST = '.declaragent-manifest.json';

/** Moves only when the output of one input moves. */
const FORMAT = 1;

/** The hash of each file that codegen wrote to a folder, by its path relative to the folder. */
export type Manifest = { readonly [file: string]: unknown };

/** A manifest as it is written: one line a file, sorted. */
export function manifestText(contents: ReadonlyMap<string, string>): string {
  const hashes = [...contents].map(([name, text]) => [name, hashOf(text)] as const);
  const files = Object.fromEntries(hashes.sort(([left], [right]) => byCodePoint(left, right)));
  return `${JSON.stringify({ format: FORMAT, files }, null, 2)}\n`;
}

/** Null for a text that is no manifest. */
export function parseManifest(text: string): Manifest | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isObject(value['files']) ? value['files'] : null;
  } catch {
    return null;
  }
}

/** Whether a file is as codegen wrote it. */
export function isUnchanged(manifest: Manifest | null, name: string, text: string): boolean {
  return manifest !== null && Object.hasOwn(manifest, name) && manifest[name] === hashOf(text);
}

/** SHA-256 in hexadecimal, of the text with plain line feeds, so that a checkout with CRLF hashes the same. */
function hashOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}
