import { digestOf } from './digest.js';
import type { SourceDocument } from './document.js';
import { findEndlessChecks } from './endless.js';
import type { checkExamples } from './examples.js';
import { isObject, type JsonObject, type Path } from './json.js';
import type { ContractFiles } from './load.js';
import {
  type AgentNames,
  byCodePoint,
  type CapabilityModel,
  type ContractModel,
  type DefinitionModel,
  type ErrorModel,
  type ExampleModel,
  hasUnevaluated,
  referencesOf,
  type SchemaModel,
} from './model.js';
import {
  agentExports,
  agentNames,
  capabilityExports,
  capabilityNames,
  codeIdentifier,
  type Declaration,
  duplicateName,
  findCollisions,
  lowerFirst,
  memberIdentifier,
  nameKey,
  typePrefix,
} from './names.js';
import { createNormalizer, type Definition, type Normalizer, type SchemaRoot } from './normalize.js';
import { LITTLE_WORK, workOfPatterns } from './patterns/slow.js';
import type { Place, Problem } from './problem.js';
import { type CompiledCapability, joinDefinitions, type PlacedDefinition } from './remember.js';
import { isSharedDefinition } from './symbols.js';
import { tooDeep } from './too-deep.js';
import { validateFormat } from './validate.js';

/** A capability as the file has it, with the roots of its schemas. */
interface CapabilityDraft {
  readonly path: Path;
  readonly name: string;
  readonly value: JsonObject;
  readonly input: SchemaRoot | null;
  readonly output: SchemaRoot | null;
  readonly errors: readonly { readonly code: string; readonly path: Path; readonly details: SchemaRoot | null }[];
}

/** The schemas that a capability names by itself. */
function rootsOf({ input, output, errors }: CapabilityDraft): SchemaRoot[] {
  return [input, output, ...errors.map(({ details }) => details)].filter((root) => root !== null);
}

/** A contract as it was compiled. */
export interface CompiledContract {
  readonly contract: ContractModel;
  /** What may be remembered of each capability, by its hash. */
  readonly memory: ReadonlyMap<string, CompiledCapability>;
  /** How much work its patterns took, those that are remembered included. */
  readonly work: number;
}

/**
 * Turns one capabilities file into its model; null, with problems noted, where that cannot be done. Null without problems
 * says that what is remembered of the contract does not go together with what is new.
 */
export function compileContract(
  files: ContractFiles,
  problems: Problem[],
  check: typeof checkExamples,
): CompiledContract | null {
  try {
    return compileParts(files, problems, check);
  } catch (error) {
    // The only RangeError is a full stack: every phase follows schemas by recursion, as ajv does.
    if (!(error instanceof RangeError)) throw error;
    problems.push(tooDeep(files.main));
    return null;
  }
}

function compileParts(files: ContractFiles, problems: Problem[], check: typeof checkExamples): CompiledContract | null {
  const document = files.main;
  if (!isObject(document.value)) {
    problems.push(...validateFormat('capabilities', document));
    return null;
  }
  const before = problems.length;
  problems.push(...validateFormat('capabilities', document));
  const drafts = readCapabilities(document);
  problems.push(...duplicateProblems(document, drafts));
  const roots = drafts.flatMap(rootsOf);
  const normalizer = createNormalizer(files, roots, (typeName) => `definitions/${typeName}`);
  const shared = document.value['definitions'];
  if (isObject(shared)) for (const key of Object.keys(shared)) normalizer.defineShared(key);
  const schemas = new Map(roots.map((root) => [root, normalizer.normalize(root)] as const));
  problems.push(...normalizer.problems);
  const endless = findEndlessChecks(normalizer.definitions);
  problems.push(...endless);
  const agent = typeof document.value['agent'] === 'string' ? document.value['agent'] : '';
  const id = agent.replace(/^agent:\/\//, '');
  const names = agentNames(id);
  problems.push(...findCollisions(declarationsOf(document, names, drafts, normalizer)));
  // A check of an example would not come back.
  if (endless.length > 0) return null;

  const definitions = modelsOf(normalizer.definitions);
  // Only a schema without problems of its own can say whether an example is right.
  const sound = new Set<SchemaModel>();
  const toSchema = (root: SchemaRoot): SchemaModel => {
    const normal = schemas.get(root) ?? null;
    const schema = normal ?? true;
    const needs = needsOf(schema, definitions);
    const model = { typeName: root.typeName, valueName: lowerFirst(root.typeName), schema, needs };
    if (normal !== null && ![...needs.keys()].some((name) => normalizer.faulty.has(name))) sound.add(model);
    return model;
  };
  const rootNames = new Set([...schemas.keys()].map(({ typeName }) => typeName));
  const compiled = drafts.flatMap((draft) => {
    const capability = toCapability(draft, toSchema, definitions, rootNames);
    return capability === null ? [] : [{ draft, capability }];
  });
  for (const { draft, capability } of compiled) {
    problems.push(...check(document, draft.path, capability, (schema) => sound.has(schema)));
  }
  if (problems.length > before) return null;
  const placed = placedDefinitions(normalizer.definitions);
  const all = withRemembered(
    files.items,
    compiled.map(({ capability }) => ({ capability, shared: sharedBy(capability, placed) })),
  );
  const isPart = all.length > compiled.length;
  const table = joinDefinitions(all, [...placed.values()], agentExports(names));
  // The limit counts the patterns of the whole contract.
  const work = [...files.byPath.values()].reduce((sum, one) => sum + workOfPatterns(one), files.work);
  const mayBePart = normalizer.isLocal() && work <= LITTLE_WORK;
  if (isPart && (table === null || !mayBePart)) return null;
  if (table === null) throw new Error(`Two names of ${document.file} are one, and findCollisions() has not said so.`);
  const known = new Map([...definitions, ...table.map((definition) => [definition.typeName, definition] as const)]);
  // A definition calls the checks of others, of which only what asks what they have looked at must know more.
  const isWhole = [...known.values()].some(({ schema }) => hasUnevaluated(schema));
  const description = document.value['description'];
  const contract: ContractModel = {
    agent,
    id,
    names,
    description: typeof description === 'string' ? description : null,
    source: document.file,
    capabilities: all.map(({ capability }) => capability),
    definitions: table.map((definition) => ({ ...definition, needs: needsOf(definition.schema, known, isWhole) })),
  };
  const hashes = mayBePart ? (files.items ?? []) : [];
  return { contract, work, memory: new Map(hashes.map(({ hash }, index) => [hash, all[index] as CompiledCapability])) };
}

/** The shared definitions by their names. */
function placedDefinitions(definitions: ReadonlyMap<string, Definition>): Map<string, PlacedDefinition> {
  const shared = [...definitions].filter(([, definition]) => isSharedDefinition(definition));
  return new Map(
    shared.map(([id, { typeName, schema, module }]) => [typeName, { id, typeName, schema, module }] as const),
  );
}

/** Those that a capability needs. */
function sharedBy(
  { input, output, errors }: CapabilityModel,
  shared: ReadonlyMap<string, PlacedDefinition>,
): PlacedDefinition[] {
  const needs = [input, output, ...errors.map(({ details }) => details)].flatMap((schema) => [
    ...(schema?.needs.keys() ?? []),
  ]);
  return [...new Set(needs)].flatMap((typeName) => shared.get(typeName) ?? []);
}

/** All capabilities in the order of the file: what was compiled now fills the places of what was not remembered. */
function withRemembered(
  items: ContractFiles['items'],
  compiled: readonly CompiledCapability[],
): readonly CompiledCapability[] {
  if (items === null) return compiled;
  const next = compiled.values();
  return items.map((item) => item.compiled ?? (next.next().value as CompiledCapability));
}

function readCapabilities(document: SourceDocument): CapabilityDraft[] {
  const list = (document.value as JsonObject)['capabilities'];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => {
    if (!isObject(value)) return [];
    const path = ['capabilities', index];
    // What has no legal name is looked at all the same, so that all its errors come in one run.
    const name = typeof value['name'] === 'string' ? value['name'] : `capability-${index}`;
    const type = typePrefix(name);
    const module = `capabilities/${name}`;
    const root = (owner: JsonObject, key: string, at: Path, typeName: string): SchemaRoot | null => {
      const schema = owner[key];
      if (!isObject(schema) && typeof schema !== 'boolean') return null;
      const given = isObject(schema) ? schema['x-ts-name'] : undefined;
      return { document, path: [...at, key], typeName: typeof given === 'string' ? given : typeName, module };
    };
    const errors = Array.isArray(value['errors']) ? value['errors'] : [];
    return [
      {
        path,
        name,
        value,
        input: root(value, 'inputSchema', path, `${type}Input`),
        output: root(value, 'outputSchema', path, `${type}Output`),
        errors: errors.flatMap((error: unknown, position) => {
          if (!isObject(error)) return [];
          const at = [...path, 'errors', position];
          const code = typeof error['code'] === 'string' ? error['code'] : `ERROR_${position}`;
          const details = root(error, 'detailsSchema', at, `${type}${codeIdentifier(code)}Details`);
          return [{ code, path: at, details }];
        }),
      },
    ];
  });
}

function duplicateProblems(document: SourceDocument, drafts: readonly CapabilityDraft[]): Problem[] {
  const problems: Problem[] = [];
  const capabilities = new Map<string, Path>();
  for (const { name, path, errors } of drafts) {
    if (memberIdentifier(name) === 'then' && name !== 'then') problems.push(thenable(document, path, name));
    const first = capabilities.get(nameKey(name));
    if (first !== undefined) problems.push(duplicateName('capability', name, document, [...path, 'name'], first));
    else capabilities.set(nameKey(name), [...path, 'name']);
    const codes = new Map<string, Path>();
    for (const error of errors) {
      const before = codes.get(nameKey(error.code));
      if (before !== undefined) {
        problems.push(duplicateName('declared error', error.code, document, [...error.path, 'code'], before));
      } else codes.set(nameKey(error.code), [...error.path, 'code']);
    }
  }
  return problems;
}

/** A client with a member `then` would be called by whoever awaits it. */
function thenable(document: SourceDocument, path: Path, name: string): Problem {
  return {
    code: 'bad-name',
    place: document.place([...path, 'name']),
    message: `The name "${name}" leads to a method called "then", which would make a promise of the client.`,
    fix: 'Choose another name.',
  };
}

/** Every name that the generated modules of a contract export, with the place that it comes from. */
function declarationsOf(
  document: SourceDocument,
  agent: AgentNames,
  drafts: readonly CapabilityDraft[],
  normalizer: Normalizer,
): Declaration[] {
  const agentPlace = (): Place => document.place(['agent']);
  const declarations: Declaration[] = agentExports(agent).map((name) => {
    return { name, place: agentPlace, what: 'the agent', isDefinition: false };
  });
  const keys = new Set<string>();
  for (const draft of drafts) {
    const { name, path } = draft;
    // With a name that is taken or not legal every declaration may collide, and that is said already.
    if (keys.has(nameKey(name)) || !/^[A-Za-z]/.test(name)) continue;
    keys.add(nameKey(name));
    const place = (): Place => document.place([...path, 'name']);
    const typeNames = rootsOf(draft).map(({ typeName }) => typeName);
    for (const exported of capabilityExports(capabilityNames(name), typeNames)) {
      declarations.push({ name: exported, place, what: `the capability "${name}"`, isDefinition: false });
    }
  }
  const ownRoots = new Set(drafts.flatMap(rootsOf).map(({ path }) => path.join('/')));
  for (const { typeName, document: home, path } of normalizer.definitions.values()) {
    if (home === document && ownRoots.has(path.join('/'))) continue;
    const place = (): Place => home.place(path, 'key');
    declarations.push({ name: typeName, place, what: 'the definition', isDefinition: true });
  }
  return declarations;
}

function modelsOf(definitions: ReadonlyMap<string, Definition>): Map<string, DefinitionModel> {
  const sorted = [...definitions.values()].sort((left, right) => byCodePoint(left.typeName, right.typeName));
  return new Map(sorted.map(({ typeName, schema, module }) => [typeName, { typeName, schema, module }] as const));
}

/** What a schema refers to, and all that this refers to in turn; without `isWhole` not beyond shared definitions. */
function needsOf(
  schema: SchemaModel['schema'],
  definitions: ReadonlyMap<string, DefinitionModel>,
  isWhole = true,
): Map<string, DefinitionModel> {
  const found = new Map<string, DefinitionModel>();
  const queue = [...referencesOf(schema)];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const definition = definitions.get(name);
    if (definition === undefined || found.has(name)) continue;
    found.set(name, definition);
    if (isWhole || !isSharedDefinition(definition)) queue.push(...referencesOf(definition.schema));
  }
  return new Map([...found].sort(([left], [right]) => byCodePoint(left, right)));
}

function toCapability(
  draft: CapabilityDraft,
  toSchema: (root: SchemaRoot) => SchemaModel,
  definitions: ReadonlyMap<string, DefinitionModel>,
  rootNames: ReadonlySet<string>,
): CapabilityModel | null {
  const { name, value, input, output, errors } = draft;
  if (input === null || output === null) return null;
  const text = (key: string): string | null => (typeof value[key] === 'string' ? value[key] : null);
  const examples = Array.isArray(value['examples']) ? value['examples'].filter(isObject) : [];
  const capability: Omit<CapabilityModel, 'digest'> = {
    name,
    names: capabilityNames(name),
    description: text('description'),
    timeoutMs: typeof value['timeoutMs'] === 'number' ? value['timeoutMs'] : null,
    idempotent: value['idempotent'] === true,
    since: text('since'),
    deprecated: value['deprecated'] === true ? true : text('deprecated'),
    skill: text('skill') ?? name,
    input: toSchema(input),
    output: toSchema(output),
    errors: errors.map(({ code, details, path }) => toError(draft, code, path, details, toSchema)),
    examples: examples.map((example, index) => toExample(example, index)),
    definitions: [...definitions.values()].filter(
      ({ typeName, module }) => module === `capabilities/${name}` && !rootNames.has(typeName),
    ),
  };
  return { ...capability, digest: digestOf(capability) };
}

function toError(
  draft: CapabilityDraft,
  code: string,
  path: Path,
  details: SchemaRoot | null,
  toSchema: (root: SchemaRoot) => SchemaModel,
): ErrorModel {
  const list = draft.value['errors'] as readonly JsonObject[];
  const description = list[Number(path.at(-1))]?.['description'];
  return {
    code,
    description: typeof description === 'string' ? description : null,
    details: details === null ? null : toSchema(details),
  };
}

function toExample(example: JsonObject, index: number): ExampleModel {
  const name = typeof example['name'] === 'string' ? example['name'] : `example ${index + 1}`;
  return { name, input: example['input'], hasOutput: Object.hasOwn(example, 'output'), output: example['output'] };
}
