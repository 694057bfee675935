import { type Draft, KEYWORDS } from './dialect.js';
import type { SourceDocument } from './document.js';
import { isObject, type JsonObject, type Path, pointerOfPath, samePath, valueAt } from './json.js';
import type { ContractFiles } from './load.js';
import { referenceTo, type Schema } from './model.js';
import { isFreeTypeName, isFreeValueName, lowerFirst, typeIdentifier, typePrefix } from './names.js';
import type { Problem } from './problem.js';
import { createResolver, type Location, type Scope } from './references.js';
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

/** A definition that has its name and not yet its schema. */
interface Waiting {
  readonly definition: Definition;
  /** Where a walk to it starts. */
  readonly start: SchemaRoot;
  /** Whether it is a part of a schema that is checked as a whole. */
  readonly isInside: boolean;
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
  /** Whether every capability stands for itself, so that none refers into another, nor anything else into one. */
  isLocal(): boolean;
  readonly problems: Problem[];
}

const origins = new WeakMap<object, Location>();

/** Where the schema stands that a normalized one was made from; undefined for one that this phase did not make. */
export function originOf(schema: Schema | boolean): Location | undefined {
  return typeof schema === 'boolean' ? undefined : origins.get(schema);
}

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
  const waiting: Waiting[] = [];
  let isLocal = true;
  const resolver = createResolver(files);

  const normalize = (root: SchemaRoot): Schema | boolean | null => {
    const before = problems.length;
    const value = valueAt(root.document.value, root.path);
    const scope = resolver.scopeAt(root, root);
    validate(root, scope.draft);
    refuseTakenName(root, isFreeTypeName(root.typeName) && isFreeValueName(lowerFirst(root.typeName)));
    // With problems too: what its references lead to is worth knowing in the same run.
    const schema = walk(value, root.path, scope);
    const isSound = problems.length === before;
    defineWaiting();
    return isSound ? schema : null;
  };

  /** A name that x-ts-name gives must not be one that generated code needs for something else. */
  const refuseTakenName = ({ document, path }: Location, isFree: boolean): void => {
    const given = valueAt(document.value, [...path, 'x-ts-name']);
    if (isFree || typeof given !== 'string') return;
    problems.push({
      code: 'bad-name',
      place: document.place([...path, 'x-ts-name']),
      message: `Generated code needs the name ${given} for something else.`,
      fix: 'Choose another x-ts-name.',
    });
  };

  /** Checks a schema the first time that it is met, whether the contract names it or a reference leads to it. */
  const validate = ({ document, path }: Location, draft: Draft): void => {
    const id = identity({ document, path });
    if (validated.has(id)) return;
    validated.add(id);
    problems.push(...validateSchema(document, path, valueAt(document.value, path), draft));
  };

  const walk = (value: unknown, path: Path, outer: Scope): Schema | boolean => {
    if (!isObject(value)) return value !== false;
    const scope = resolver.enter(value, path, outer);
    const name = value['x-ts-name'];
    const isRoot = samePath(path, scope.root.path) && scope.document === scope.root.document;
    const isDefinition = definitions.has(identity({ document: scope.document, path }));
    if (typeof name === 'string' && !isRoot && !isDefinition) {
      return { $ref: referenceTo(define({ document: scope.document, path }).typeName) };
    }
    return translate(value, path, scope);
  };

  /** Copies what the dialect gives a meaning to, in the words of 2020-12. */
  const translate = (value: JsonObject, path: Path, scope: Scope): Schema => {
    const old = scope.draft === 'draft-07';
    const schema: Record<string, unknown> = {};
    const inner = (subschema: unknown, ...inside: string[]): Schema | boolean =>
      walk(subschema, [...path, ...inside], scope);
    for (const [keyword, keywordValue] of Object.entries(value)) {
      const known = KEYWORDS.get(keyword);
      if (keyword.startsWith('x-')) schema[keyword] = keywordValue;
      if (known === undefined || !known.drafts.includes(scope.draft) || DROPPED.has(keyword)) continue;
      // In draft-07 a reference hides everything beside it that could refuse a value.
      if (old && value['$ref'] !== undefined && keyword !== '$ref' && known.treatment !== 'annotation') continue;
      if (keyword === '$ref') {
        // One that is no text is a problem that has been reported, and may have any members, `toString` among them.
        const reference = typeof keywordValue === 'string' ? keywordValue : JSON.stringify(keywordValue);
        const target = resolver.resolve(reference, scope);
        if ('code' in target) problems.push({ ...target, place: scope.document.place([...path, '$ref']) });
        else {
          isLocal &&= !entersCapability(target, scope.root);
          schema['$ref'] = referenceTo(define(target).typeName);
        }
      } else if (old && keyword === 'items' && Array.isArray(keywordValue)) {
        schema['prefixItems'] = keywordValue.map((item, index) => inner(item, keyword, String(index)));
      } else if (old && keyword === 'additionalItems') {
        if (Array.isArray(value['items'])) schema['items'] = inner(keywordValue, keyword);
      } else if (keyword === 'dependencies' && isObject(keywordValue)) {
        translateDependencies(keywordValue, schema, inner);
      } else if (known.holds === 'schema-map' && isObject(keywordValue)) {
        // Unlike an assignment, this makes a property named `__proto__` an own one.
        schema[keyword] = Object.fromEntries(
          Object.entries(keywordValue).map(([key, item]) => [key, inner(item, keyword, key)]),
        );
      } else if (known.holds === 'schema-list' && Array.isArray(keywordValue)) {
        schema[keyword] = keywordValue.map((item, index) => inner(item, keyword, String(index)));
      } else if (known.holds === 'schema' || known.holds === 'schema-or-list') {
        schema[keyword] = inner(keywordValue, keyword);
      } else if (keyword !== 'enum' || !isEmptyList(keywordValue)) {
        schema[keyword] = keywordValue;
      }
    }
    // No value is in an empty list, which is legal and which ajv refuses to compile.
    const hidesEnum = old && value['$ref'] !== undefined;
    const normal = isEmptyList(value['enum']) && !hidesEnum ? { ...schema, not: {} } : schema;
    origins.set(normal, { document: scope.document, path });
    return normal;
  };

  /** Whether a reference leads into a capability from outside it. */
  const entersCapability = ({ document, path }: Location, from: Location): boolean => {
    if (document !== files.main || path[0] !== 'capabilities') return false;
    return from.document !== document || !samePath(path.slice(0, 2), from.path.slice(0, 2));
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
    if (root === undefined) refuseTakenName(target, isFreeTypeName(typeName));
    if (root === undefined && typeName.length > LONGEST_NAME) problems.push(tooLong(target, typeName));
    const module = root?.module ?? owner?.module ?? definitionsModule(typeName);
    const definition = { typeName, module, document: target.document, path: target.path, schema: true };
    definitions.set(id, definition);
    const start = root ?? owner ?? { ...target, path: sharedResource(target), typeName, module };
    // Its own references are followed later: a chain of them may be longer than the stack.
    waiting.push({ definition, start, isInside: owner !== null });
    return definition;
  };

  const defineWaiting = (): void => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { definition, start, isInside } = next;
      const before = problems.length;
      const scope = resolver.scopeAt(definition, start);
      if (!isInside) validate(definition, scope.draft);
      const schema = walk(valueAt(definition.document.value, definition.path), definition.path, scope);
      definitions.set(identity(definition), { ...definition, schema });
      if (problems.length > before) faulty.add(definition.typeName);
    }
  };

  /** What `#` means in a definition outside every root: the definition in a capabilities file, the file elsewhere. */
  const sharedResource = ({ document, path }: Location): Path => (document === files.main ? path : []);

  /** The root that a place lies in, where it lies in one. */
  const ownerOf = ({ document, path }: Location): SchemaRoot | null => {
    for (let length = path.length; length > 0; length--) {
      const root = roots.get(identity({ document, path: path.slice(0, length) }));
      if (root !== undefined) return root;
    }
    return null;
  };

  const definitionName = ({ document, path }: Location, owner: SchemaRoot | null): string => {
    const last = path.at(-1);
    if (last === undefined) return typeIdentifier(resolver.pathOf(document).replace(/^.*\//, '').replace(/\..*$/, ''));
    if (owner === null) return typeIdentifier(String(last));
    const inside = path.slice(owner.path.length).filter((token) => !CONTAINERS.has(String(token)));
    return owner.typeName + inside.map((token) => typePrefix(String(token))).join('');
  };

  const defineShared = (key: string): void => {
    define({ document: files.main, path: ['definitions', key] });
    defineWaiting();
  };

  return { normalize, defineShared, definitions, faulty, isLocal: () => isLocal, problems };
}

/** A definition has a file of its name, and disks hold names of 255 bytes. */
const LONGEST_NAME = 80;

function tooLong({ document, path }: Location, typeName: string): Problem {
  return {
    code: 'bad-name',
    place: document.place(path, 'key'),
    message: `The definition leads to a type name of ${typeName.length} characters, and a file cannot have it.`,
    fix: `Give it a name of at most ${LONGEST_NAME} characters with x-ts-name.`,
  };
}

/** Keywords that say where a schema is or whom it refers to; a normalized schema has no need of them. */
const DROPPED: ReadonlySet<string> = new Set(['$schema', '$id', '$anchor', '$defs', 'definitions', '$comment']);

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Path tokens that say nothing about what a definition is. */
const CONTAINERS: ReadonlySet<string> = new Set(['$defs', 'definitions', 'properties', 'patternProperties']);

function translateDependencies(
  dependencies: JsonObject,
  schema: Record<string, unknown>,
  inner: (subschema: unknown, ...inside: string[]) => Schema | boolean,
): void {
  const required: [string, unknown][] = [];
  const schemas: [string, unknown][] = [];
  for (const [key, value] of Object.entries(dependencies)) {
    if (Array.isArray(value)) required.push([key, value]);
    else schemas.push([key, inner(value, 'dependencies', key)]);
  }
  if (required.length > 0) schema['dependentRequired'] = Object.fromEntries(required);
  if (schemas.length > 0) schema['dependentSchemas'] = Object.fromEntries(schemas);
}
