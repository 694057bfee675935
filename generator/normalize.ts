import { type Draft, dialectOf, forEachSubschema, isObject, KEYWORDS } from './dialect.js';
import { type Path, pathOfPointer, pointerOfPath, type SourceDocument } from './document.js';
import type { ContractFiles } from './load.js';
import { referenceTo, type Schema, typeNameOf } from './model.js';
import { isFreeTypeName, typeIdentifier } from './names.js';
import { nearest, type Problem } from './problem.js';
import { validateSchema } from './validate-schemas.js';

/** A schema that a contract names by itself, with the name that its type will have. */
export interface SchemaRoot {
  readonly document: SourceDocument;
  readonly path: Path;
  readonly typeName: string;
  /** The output module that the schema's own definitions go to. */
  readonly module: string;
}

/** A schema that others refer to. */
export interface Definition {
  readonly typeName: string;
  readonly module: string;
  readonly document: SourceDocument;
  readonly path: Path;
  readonly schema: Schema | boolean;
}

/** Turns the schemas of one contract into one dialect, with every reference pointing to a named definition. */
export interface Normalizer {
  /** Normalizes one root; null where the schema has problems, which are then in `problems`. */
  normalize(root: SchemaRoot): Schema | boolean | null;
  /** Names a definition that stands under `definitions` of the main file, whether anything refers to it or not. */
  defineShared(key: string): void;
  /** Everything that was referred to so far, by identity; roots that are referred to included. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** The type names of definitions that have problems themselves. */
  readonly faulty: ReadonlySet<string>;
  readonly problems: Problem[];
}

/** Where the walk stands: a schema, the resource that `#` means there, its base address and its dialect. */
interface Scope {
  readonly root: SchemaRoot;
  readonly document: SourceDocument;
  /** The path of the innermost schema that `#` refers to. */
  readonly resource: Path;
  readonly base: string;
  readonly draft: Draft;
}

interface Location {
  readonly document: SourceDocument;
  readonly path: Path;
}

/** No address of this scheme can be fetched; it only gives relative references something to resolve against. */
const SCHEME = 'contract:///';

/** `rootList` holds every root that will be normalized, since any of them may be referred to by another. */
export function createNormalizer(
  files: ContractFiles,
  rootList: readonly SchemaRoot[],
  definitionsModule: (typeName: string) => string,
): Normalizer {
  const definitions = new Map<string, Definition>();
  const faulty = new Set<string>();
  const problems: Problem[] = [];
  const identity = ({ document, path }: Location): string => `${document.file}#${pointerOfPath(path)}`;
  const roots = new Map(rootList.map((root) => [identity(root), root] as const));
  const validated = new Set<string>();
  const paths = new Map([...files.byPath].map(([path, document]) => [document, path] as const));
  const baseOf = (document: SourceDocument): string => SCHEME + encodeURI(paths.get(document) ?? '');

  const normalize = (root: SchemaRoot): Schema | boolean | null => {
    const before = problems.length;
    const value = valueAt(root.document.value, root.path);
    const schema = validate(root) ? walk(value, root.path, scopeAt(root, root)) : null;
    return problems.length > before ? null : schema;
  };

  /** Checks a schema the first time that it is met, whether the contract names it or a reference leads to it. */
  const validate = ({ document, path }: Location): boolean => {
    const id = identity({ document, path });
    if (validated.has(id)) return true;
    validated.add(id);
    const found = validateSchema(document, path, valueAt(document.value, path));
    problems.push(...found);
    return found.length === 0;
  };

  const walk = (value: unknown, path: Path, outer: Scope): Schema | boolean => {
    if (!isObject(value)) return value !== false;
    const scope = enter(value, path, outer);
    const name = value['x-ts-name'];
    const isRoot = samePath(path, scope.root.path) && scope.document === scope.root.document;
    const isDefinition = definitions.has(identity({ document: scope.document, path }));
    if (typeof name === 'string' && !isRoot && !isDefinition) {
      return { $ref: referenceTo(define({ document: scope.document, path }).typeName) };
    }
    return translate(value, path, scope);
  };

  /** Copies what the dialect gives a meaning to, in the words of 2020-12. */
  const translate = (value: Readonly<Record<string, unknown>>, path: Path, scope: Scope): Schema => {
    const old = scope.draft === 'draft-07';
    const schema: Record<string, unknown> = {};
    const inner = (subschema: unknown, ...inside: string[]): Schema | boolean =>
      walk(subschema, [...path, ...inside], scope);
    for (const [keyword, keywordValue] of Object.entries(value)) {
      const known = KEYWORDS.get(keyword);
      if (keyword.startsWith('x-')) schema[keyword] = keywordValue;
      if (known === undefined || !known.drafts.includes(scope.draft) || DROPPED.has(keyword)) continue;
      // In draft-07 a reference hides everything beside it.
      if (old && value['$ref'] !== undefined && keyword !== '$ref' && !ANNOTATIONS.has(keyword)) continue;
      if (keyword === '$ref') {
        const target = resolve(String(keywordValue), path, scope);
        if (target !== null) schema['$ref'] = referenceTo(define(target).typeName);
      } else if (old && keyword === 'items' && Array.isArray(keywordValue)) {
        schema['prefixItems'] = keywordValue.map((item, index) => inner(item, keyword, String(index)));
      } else if (old && keyword === 'additionalItems') {
        if (Array.isArray(value['items'])) schema['items'] = inner(keywordValue, keyword);
      } else if (keyword === 'dependencies' && isObject(keywordValue)) {
        translateDependencies(keywordValue, schema, inner);
      } else if (known.holds === 'schema-map' && isObject(keywordValue)) {
        schema[keyword] = fromEntries(
          Object.entries(keywordValue).map(([key, item]) => [key, inner(item, keyword, key)]),
        );
      } else if (known.holds === 'schema-list' && Array.isArray(keywordValue)) {
        schema[keyword] = keywordValue.map((item, index) => inner(item, keyword, String(index)));
      } else if (known.holds === 'schema' || known.holds === 'schema-or-list') {
        schema[keyword] = inner(keywordValue, keyword);
      } else if (keyword === 'enum' && Array.isArray(keywordValue) && keywordValue.length === 0) {
        // No value is in an empty list, which is legal and which ajv refuses to compile.
        schema['not'] = {};
      } else {
        schema[keyword] = keywordValue;
      }
    }
    return schema;
  };

  /** The scope inside a schema: an `$id` changes what references are relative to, a `$schema` changes the dialect. */
  const enter = (value: Readonly<Record<string, unknown>>, path: Path, scope: Scope): Scope => {
    const id = value['$id'];
    const base = startsResource(id) && !ignoresId(value, scope) ? absolute(id, scope.base) : scope.base;
    const draft = dialectOf(value['$schema']) ?? scope.draft;
    if (base === scope.base && (value['$schema'] === undefined || draft === scope.draft)) return scope;
    return { ...scope, base, draft, resource: base === scope.base ? scope.resource : path };
  };

  const resolve = (reference: string, path: Path, scope: Scope): Location | null => {
    const address = absolute(reference, scope.base);
    const [resource = '', rawFragment = ''] = address.split('#', 2);
    const fragment = decode(rawFragment);
    const refuse = (code: 'unresolved-ref' | 'remote-ref', message: string, fix: string, near?: string): null => {
      problems.push({ code, place: scope.document.place([...path, '$ref']), message, near, fix });
      return null;
    };
    const candidates = candidatesOf(resource, scope);
    if (candidates.length === 0 && !address.startsWith(SCHEME)) {
      const message = `The reference "${reference}" leads to the network, where codegen never goes.`;
      return refuse('remote-ref', message, 'Copy the schema into the folder of the contract and refer to the copy.');
    }
    if (candidates.length === 0) {
      const outside = leavesFolder(reference, scope.base);
      return outside
        ? refuse(
            'remote-ref',
            `The reference "${reference}" leaves the folder of the contract.`,
            'Copy the file into the folder.',
          )
        : refuse('unresolved-ref', `The reference "${reference}" names a file that is not there.`, 'Correct the path.');
    }
    for (const candidate of candidates) {
      const found = atFragment(candidate, fragment);
      if (found !== null) return found;
    }
    return refuse(
      'unresolved-ref',
      `The reference "${reference}" points to nothing.`,
      'Correct the pointer, or add the definition that it names.',
      nearReference(reference, candidates, fragment),
    );
  };

  /** The reference with its last step spelt like one that is there. */
  const nearReference = (reference: string, candidates: readonly Location[], fragment: string): string | undefined => {
    const steps = pathOfPointer(fragment);
    const last = steps.pop();
    if (last === undefined) return undefined;
    const siblings = candidates.map(({ document, path }) => valueAt(document.value, [...path, ...steps]));
    const near = nearest(
      last,
      siblings.flatMap((value) => (isObject(value) ? Object.keys(value) : [])),
    );
    return near === undefined ? undefined : reference.slice(0, reference.lastIndexOf('/')) + pointerOfPath([near]);
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

  /** The schema with that `$id` among the roots of the contract, wherever it is embedded. */
  const findById = (address: string, scope: Scope): Location | null => {
    const search = (value: unknown, path: Path, at: Scope): Location | null => {
      if (!isObject(value)) return null;
      const inside = enter(value, path, at);
      if (inside.base === address && inside.base !== at.base) return { document: at.document, path };
      let found: Location | null = null;
      forEachSubschema(value, (subschema, step) => {
        found ??= search(subschema, [...path, ...step], inside);
      });
      return found;
    };
    const { document, path } = scope.root;
    const start: Scope = { ...scope, document, resource: path, base: baseOf(document) };
    return search(valueAt(document.value, path), path, start);
  };

  const atFragment = ({ document, path }: Location, fragment: string): Location | null => {
    if (fragment === '') return path.length === 0 && document === files.main ? null : { document, path };
    if (!fragment.startsWith('/')) return findAnchor(document, path, fragment);
    const target = [...path, ...pathOfPointer(fragment)];
    const value = valueAt(document.value, target);
    return isObject(value) || typeof value === 'boolean' ? { document, path: target } : null;
  };

  const findAnchor = (document: SourceDocument, path: Path, anchor: string): Location | null => {
    const search = (value: unknown, at: Path): Location | null => {
      // An $id inside begins a resource with anchors of its own.
      const isInner = at.length > path.length && isObject(value) && startsResource(value['$id']);
      if (!isObject(value) || isInner) return null;
      if (value['$anchor'] === anchor || value['$id'] === `#${anchor}`) return { document, path: at };
      let found: Location | null = null;
      forEachSubschema(value, (subschema, step) => {
        found ??= search(subschema, [...at, ...step]);
      });
      return found;
    };
    return search(valueAt(document.value, path), path);
  };

  /** Names what a reference leads to, and normalizes it the first time. */
  const define = (target: Location): Definition => {
    const id = identity(target);
    const known = definitions.get(id);
    if (known !== undefined) return known;
    const root = roots.get(id);
    const value = valueAt(target.document.value, target.path);
    const given = isObject(value) ? value['x-ts-name'] : undefined;
    const isShared = target.document !== files.main || target.path[0] === 'definitions';
    const owner = isShared || root !== undefined ? null : ownerOf(target);
    const typeName = root?.typeName ?? (typeof given === 'string' ? given : definitionName(target, owner));
    if (typeof given === 'string' && !isFreeTypeName(given)) {
      problems.push({
        code: 'bad-name',
        place: target.document.place([...target.path, 'x-ts-name']),
        message: `Generated code needs the name ${given} for something else.`,
        fix: 'Choose another x-ts-name.',
      });
    }
    const module = root?.module ?? owner?.module ?? definitionsModule(typeName);
    const place = { typeName, module, document: target.document, path: target.path };
    // Registered before its own references are followed, so that a recursive schema ends.
    const before = problems.length;
    definitions.set(id, { ...place, schema: true });
    const start = root ?? owner ?? { ...target, path: sharedResource(target), typeName, module };
    const isLegal = owner !== null || validate(target);
    const schema = isLegal ? walk(value, target.path, scopeAt(target, start)) : true;
    const definition: Definition = { ...place, schema };
    definitions.set(id, definition);
    if (problems.length > before || !isLegal) faulty.add(typeName);
    return definition;
  };

  /** What `#` means in a definition outside every root: the definition in a capabilities file, the file elsewhere. */
  const sharedResource = ({ document, path }: Location): Path => (document === files.main ? path : []);

  /** The scope of a place, as a walk from its root would have it. */
  const scopeAt = ({ document, path }: Location, root: SchemaRoot): Scope => {
    let scope: Scope = { root, document, resource: root.path, base: baseOf(document), draft: '2020-12' };
    for (let length = root.path.length; length < path.length; length++) {
      const at = path.slice(0, length);
      const value = valueAt(document.value, at);
      if (isObject(value)) scope = enter(value, at, scope);
    }
    return scope;
  };

  /** The root that a place lies in, where it lies in one. */
  const ownerOf = ({ document, path }: Location): SchemaRoot | null => {
    for (const root of roots.values()) {
      if (root.document === document && samePath(path.slice(0, root.path.length), root.path)) return root;
    }
    return null;
  };

  const definitionName = ({ document, path }: Location, owner: SchemaRoot | null): string => {
    const last = path.at(-1);
    if (last === undefined)
      return typeIdentifier((paths.get(document) ?? '').replace(/^.*\//, '').replace(/\..*$/, ''));
    if (owner === null) return typeIdentifier(String(last));
    const inside = path.slice(owner.path.length).filter((token) => !CONTAINERS.has(String(token)));
    return owner.typeName + inside.map((token) => typeIdentifier(String(token)).replace(/(?<=.)_$/, '')).join('');
  };

  const defineShared = (key: string): void => {
    define({ document: files.main, path: ['definitions', key] });
  };

  return { normalize, defineShared, definitions, faulty, problems };
}

/** Keywords that say where a schema is or whom it refers to; a normalized schema has no need of them. */
const DROPPED: ReadonlySet<string> = new Set(['$schema', '$id', '$anchor', '$defs', 'definitions', '$comment']);

/** What may stand beside a `$ref` even in draft-07, since it refuses nothing. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'readOnly',
  'writeOnly',
]);

/** Path tokens that say nothing about what a definition is. */
const CONTAINERS: ReadonlySet<string> = new Set(['$defs', 'definitions', 'properties', 'patternProperties']);

/** In draft-07 an `$id` of a fragment alone is an anchor. */
function startsResource(id: unknown): id is string {
  return typeof id === 'string' && !id.startsWith('#');
}

function ignoresId(value: Readonly<Record<string, unknown>>, scope: Scope): boolean {
  return scope.draft === 'draft-07' && value['$ref'] !== undefined;
}

function translateDependencies(
  dependencies: Readonly<Record<string, unknown>>,
  schema: Record<string, unknown>,
  inner: (subschema: unknown, ...inside: string[]) => Schema | boolean,
): void {
  const required: [string, unknown][] = [];
  const schemas: [string, unknown][] = [];
  for (const [key, value] of Object.entries(dependencies)) {
    if (Array.isArray(value)) required.push([key, value]);
    else schemas.push([key, inner(value, 'dependencies', key)]);
  }
  if (required.length > 0) schema['dependentRequired'] = fromEntries(required);
  if (schemas.length > 0) schema['dependentSchemas'] = fromEntries(schemas);
}

/** Object.fromEntries makes `__proto__` an own property, as a schema that names such a property means it. */
const fromEntries = Object.fromEntries;

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

function samePath(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((token, index) => String(token) === String(right[index]));
}

/** The value at a path, own properties only. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const token of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, token)) return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[token];
  }
  return current;
}

/** The type names that a normalized schema refers to directly. */
export function referencesOf(schema: Schema | boolean): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (!isObject(value)) return;
    if (value['$ref'] !== undefined) found.add(typeNameOf(value['$ref']));
    forEachSubschema(value, walk);
  };
  walk(schema);
  return found;
}
