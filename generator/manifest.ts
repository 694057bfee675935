import { createHash } from 'node:crypto';
import { isObject } from './json.js';
import { byCodePoint } from './model.js';

/** The name of the file in which each output folder lists what codegen wrote there. */
export const MANIFEST = '.declaragent-manifest.json';

/** Moves only when the output of one input moves. */
const FORMAT = 1;

/** The hashes of what codegen wrote to a folder, by path relative to it. */
export type Manifest = ReadonlyMap<string, ReadonlySet<string>>;

/** A manifest as it is written: one line a file, sorted. */
export function manifestText(contents: ReadonlyMap<string, string>): string {
  const hashes = [...contents].map(([name, text]) => [name, hashOf(text)] as const);
  const files = Object.fromEntries(hashes.sort(([left], [right]) => byCodePoint(left, right)));
  return `${JSON.stringify({ format: FORMAT, files }, null, 2)}\n`;
}

const ENTRY = /("(?:[^"\\\n]|\\.)+")\s*:\s*"([0-9a-f]{64})"/g;

/**
 * What manifests list, together. They are read entry by entry and not as JSON, so that one with the marks of a merge
 * conflict still speaks for both of its sides.
 */
export function readManifests(texts: readonly string[]): Manifest {
  const hashes = new Map<string, Set<string>>();
  for (const [, quoted = '', hash = ''] of texts.flatMap((text) => [...text.matchAll(ENTRY)])) {
    const name = unquote(quoted);
    if (INNER_PATH.test(name)) hashes.set(name, (hashes.get(name) ?? new Set()).add(hash));
  }
  return hashes;
}

/** A manifest is checked in, so anybody may have written it: what it lists is deleted only where codegen writes. */
const INNER_PATH = /^[^./\\][^/\\]*(?:\/[^./\\][^/\\]*)*$/;

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return '';
  }
}

/** Whether a file is as codegen wrote it. */
export function isUnchanged(manifest: Manifest, name: string, text: string): boolean {
  return manifest.get(name)?.has(hashOf(text)) === true;
}

/** Whether a manifest can be one that codegen wrote. */
export function isManifest(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isObject(value['files']);
  } catch {
    return false;
  }
}

/** SHA-256 in hexadecimal, of the text with plain line feeds, so that a checkout with CRLF hashes the same. */
function hashOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}
