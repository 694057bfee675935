/** Plain JSON data, and the paths into it. */

export interface JsonObject {
  readonly [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys and indexes from the root of a document to a value. */
export type Path = readonly (string | number)[];

/** The value at a path, own properties only. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const token of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, token)) return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[token];
  }
  return current;
}

export function samePath(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((token, index) => String(token) === String(right[index]));
}

/** A JSON Pointer (RFC 6901) as a path. */
export function pathOfPointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A path as a JSON Pointer (RFC 6901). */
export function pointerOfPath(path: Path): string {
  return path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
