import { type Draft, dialectOf, forEachSubschema } from './dialect.js';
import type { SourceDocument } from './document.js';
import { isObject, type JsonObject, type Path, pathOfPointer, pointerOfPath, valueAt } from './json.js';
import type { ContractFiles } from './load.js';
import { nearest } from './spelling.js';

/** A schema, by where it stands. */
export interface Location {
  readonly document: SourceDocument;
  readonly path: Path;
}

/** Where a walk through a schema stands: what `#` means there, what is relative to what, and which dialect holds. */
export interface Scope {
  /** The schema that the walk began with. */
  readonly root: Location;
  readonly document: SourceDocument;
  /** The path of the innermost schema that `#` refers to. */
  readonly resource: Path;
  readonly base: string;
  readonly draft: Draft;
}

/** Why a reference leads nowhere. */
export interface Unresolved {
  readonly code: 'unresolved-ref' | 'remote-ref';
  readonly message: string;
  readonly near?: string | undefined;
  readonly fix: string;
}

/** Finds what references in the schemas of one contract lead to, without reading anything. */
export interface Resolver {
  /** The scope of a place below `root`, as a walk from there would have it. */
  scopeAt(place: Location, root: Location): Scope;
  /** The scope inside a schema: an `$id` changes what references are relative to, a `$schema` changes the dialect. */
  enter(schema: JsonObject, path: Path, scope: Scope): Scope;
  resolve(reference: string, scope: Scope): Location | Unresolved;
  /** The path of a document relative to the folder of the contract. */
  pathOf(document: SourceDocument): string;
}

/** No address of this scheme can be fetched; it only gives relative references something to resolve against. */
const SCHEME = 'contract:///';

export function createResolver(files: ContractFiles): Resolver {
  const paths = new Map([...files.byPath].map(([path, document]) => [document, path] as const));
  const pathOf = (document: SourceDocument): string => paths.get(document) ?? '';
  const baseOf = (document: SourceDocument): string => SCHEME + encodeURI(pathOf(document));

  const enter = (schema: JsonObject, path: Path, scope: Scope): Scope => {
    const id = schema['$id'];
    const base = startsResource(id) && !ignoresId(schema, scope) ? absolute(id, scope.base) : scope.base;
    const draft = dialectOf(schema['$schema']) ?? scope.draft;
    if (base === scope.base && (schema['$schema'] === undefined || draft === scope.draft)) return scope;
    return { ...scope, base, draft, resource: base === scope.base ? scope.resource : path };
  };

  const scopeAt = ({ document, path }: Location, root: Location): Scope => {
    let scope: Scope = { root, document, resource: root.path, base: baseOf(document), draft: '2020-12' };
    for (let length = root.path.length; length < path.length; length++) {
      const at = path.slice(0, length);
      const value = valueAt(document.value, at);
      if (isObject(value)) scope = enter(value, at, scope);
    }
    return scope;
  };

  const resolve = (reference: string, scope: Scope): Location | Unresolved => {
    const address = absolute(reference, scope.base);
    const [resource = '', rawFragment = ''] = address.split('#', 2);
    const fragment = decode(rawFragment);
    const candidates = candidatesOf(resource, scope);
    if (candidates.length === 0) return outOfReach(reference, address, scope);
    for (const candidate of candidates) {
      const found = atFragment(candidate, fragment);
      if (found !== null) return found;
    }
    return {
      code: 'unresolved-ref',
      message: `The reference "${reference}" points to nothing.`,
      near: nearReference(reference, candidates, fragment),
      fix: 'Correct the pointer, or add the definition that it names.',
    };
  };

  /** The schemas that an address without its fragment may mean: the nearest one first. */
  const candidatesOf = (resource: string, scope: Scope): Location[] => {
    const here: Location = { document: scope.document, path: scope.resource };
    if (resource === scope.base && scope.base !== baseOf(scope.document)) return [here];
    const embedded = findById(resource, scope);
    if (embedded !== null) return [embedded];
    const file = [...files.byPath].find(([, document]) => baseOf(document) === resource);
    if (file === undefined) return [];
    const whole: Location = { document: file[1], path: [] };
    // In a capabilities file `#` means the schema it stands in, and then the file, so that "#/definitions/X" finds both.
    return file[1] === scope.document ? [here, whole] : [whole];
  };

  /** The schema with that `$id` below the root of the scope, wherever it is embedded. */
  const findById = (address: string, scope: Scope): Location | null => {
    const { document, path } = scope.root;
    const root = valueAt(document.value, path);
    if (!isObject(root)) return null;
    const start: Scope = { ...scope, document, resource: path, base: baseOf(document) };
    const known = embedded.get(root) ?? new Map<Draft, ReadonlyMap<string, Location>>();
    const found = known.get(scope.draft) ?? embeddedIn(root, path, start);
    embedded.set(root, known.set(scope.draft, found));
    return found.get(address) ?? null;
  };

  /** By root and by the draft that it is looked at from, since a file may hold thousands of references. */
  const embedded = new WeakMap<object, Map<Draft, ReadonlyMap<string, Location>>>();

  const embeddedIn = (root: JsonObject, rootPath: Path, start: Scope): ReadonlyMap<string, Location> => {
    const found = new Map<string, Location>();
    const search = (value: unknown, path: Path, at: Scope): void => {
      if (!isObject(value)) return;
      const inside = enter(value, path, at);
      const isNew = inside.base !== at.base && !found.has(inside.base);
      if (isNew) found.set(inside.base, { document: at.document, path });
      forEachSubschema(value, (subschema, step) => search(subschema, [...path, ...step], inside));
    };
    search(root, rootPath, start);
    return found;
  };

  const atFragment = ({ document, path }: Location, fragment: string): Location | null => {
    if (fragment === '') return path.length === 0 && document === files.main ? null : { document, path };
    if (!fragment.startsWith('/')) return findAnchor(document, path, fragment);
    const target = [...path, ...pathOfPointer(fragment)];
    const value = valueAt(document.value, target);
    return isObject(value) || typeof value === 'boolean' ? { document, path: target } : null;
  };

  return { scopeAt, enter, resolve, pathOf };
}

function outOfReach(reference: string, address: string, scope: Scope): Unresolved {
  if (!address.startsWith(SCHEME)) {
    return {
      code: 'remote-ref',
      message: `The reference "${reference}" leads to the network, where codegen never goes.`,
      fix: 'Copy the schema into the folder of the contract and refer to the copy.',
    };
  }
  if (leavesFolder(reference, scope.base)) {
    return {
      code: 'remote-ref',
      message: `The reference "${reference}" leaves the folder of the contract.`,
      fix: 'Copy the file into the folder.',
    };
  }
  return {
    code: 'unresolved-ref',
    message: `The reference "${reference}" names a file that does not exist.`,
    fix: 'Correct the path.',
  };
}

function findAnchor(document: SourceDocument, path: Path, anchor: string): Location | null {
  const root = valueAt(document.value, path);
  if (!isObject(root)) return null;
  const found = anchors.get(root) ?? anchorsIn(document, path, root);
  anchors.set(root, found);
  return found.get(anchor) ?? null;
}

/** By the schema that they are in, since a file may hold thousands of references. */
const anchors = new WeakMap<object, ReadonlyMap<string, Location>>();

function anchorsIn(document: SourceDocument, root: Path, schema: JsonObject): ReadonlyMap<string, Location> {
  const found = new Map<string, Location>();
  const search = (value: unknown, path: Path): void => {
    // An $id inside begins a resource with anchors of its own.
    const isInner = path.length > root.length && isObject(value) && startsResource(value['$id']);
    if (!isObject(value) || isInner) return;
    // A $dynamicAnchor is refused where it stands; that it is referred to is no second problem.
    const id = value['$id'];
    const names = [value['$anchor'], value['$dynamicAnchor'], typeof id === 'string' ? /^#(.*)$/s.exec(id)?.[1] : null];
    for (const name of names) if (typeof name === 'string' && !found.has(name)) found.set(name, { document, path });
    forEachSubschema(value, (subschema, step) => search(subschema, [...path, ...step]));
  };
  search(schema, root);
  return found;
}

/** The reference with its last step spelt like one that exists. */
function nearReference(reference: string, candidates: readonly Location[], fragment: string): string | undefined {
  const steps = pathOfPointer(fragment);
  const last = steps.pop();
  if (last === undefined) return undefined;
  const siblings = candidates.map(({ document, path }) => valueAt(document.value, [...path, ...steps]));
  const near = nearest(
    last,
    siblings.flatMap((value) => (isObject(value) ? Object.keys(value) : [])),
  );
  return near === undefined ? undefined : reference.slice(0, reference.lastIndexOf('/')) + pointerOfPath([near]);
}

/** In draft-07 an `$id` of a fragment alone is an anchor. */
function startsResource(id: unknown): id is string {
  return typeof id === 'string' && !id.startsWith('#');
}

function ignoresId(schema: JsonObject, scope: Scope): boolean {
  return scope.draft === 'draft-07' && schema['$ref'] !== undefined;
}

function absolute(reference: string, base: string): string {
  try {
    return new URL(reference, base).href;
  } catch {
    return reference;
  }
}

/** Whether a relative reference climbs above the folder of the contract; URL resolution alone would hide it. */
function leavesFolder(reference: string, base: string): boolean {
  let depth = base.slice(SCHEME.length).split('/').length - 1;
  const file = reference.split('#', 1)[0] ?? '';
  if (file.startsWith('/')) return true;
  return file.split('/').some((part) => {
    depth += part === '..' ? -1 : part === '.' || part === '' ? 0 : 1;
    return depth < 0;
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
