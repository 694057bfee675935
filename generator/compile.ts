import { findCircularReferences } from './circular.js';
import { compileBus } from './compile-bus.js';
import { isObject } from './dialect.js';
import type { Path, SourceDocument } from './document.js';
import { checkExamples } from './examples.js';
import type { AgentFolder, ContractFiles } from './load.js';
import {
  type AgentFolderModel,
  byCodePoint,
  type CapabilityModel,
  type ContractModel,
  type DefinitionModel,
  type ErrorModel,
  type ExampleModel,
  type SchemaModel,
} from './model.js';
import {
  codeIdentifier,
  type Declaration,
  findCollisions,
  memberIdentifier,
  nameKey,
  typeIdentifier,
  valueIdentifier,
} from './names.js';
import { createNormalizer, type Definition, type Normalizer, referencesOf, type SchemaRoot } from './normalize.js';
import type { Problem } from './problem.js';
import { validateFormat } from './validate.js';

export interface Compilation {
  /** Null when there are problems. */
  readonly model: AgentFolderModel | null;
  readonly problems: readonly Problem[];
}

/** Turns the files of an agent's folder into the model, or says everything that is wrong with them. */
export function compileAgentFolder(folder: AgentFolder): Compilation {
  const problems = [...folder.problems];
  if (folder.peers !== null) problems.push(...validateFormat('rpc-peers', folder.peers));
  if (folder.agent !== null) problems.push(...validateFormat('agent', folder.agent));
  const own = folder.capabilities === null ? null : compileContract(folder.capabilities, problems);
  const peers: ContractModel[] = [];
  for (const peer of folder.peerContracts) {
    const contract = compileContract(peer.files, problems);
    if (contract === null) continue;
    // An agent that lists itself has its client already.
    if (contract.agent !== own?.agent) peers.push(contract);
  }
  problems.push(...peerProblems(folder, own, peers));
  const bus = compileBus(folder, problems);
  const found = unique(problems);
  return { model: found.length > 0 ? null : { own, peers, bus }, problems: found };
}

/** A contract that two peers share, or that a peer and the agent share, would report each problem twice. */
function unique(problems: readonly Problem[]): Problem[] {
  const id = ({ code, place, message }: Problem): string => JSON.stringify([code, place, message]);
  return [...new Map(problems.map((problem) => [id(problem), problem] as const)).values()];
}

function peerProblems(folder: AgentFolder, own: ContractModel | null, peers: readonly ContractModel[]): Problem[] {
  const document = folder.peers;
  const list = isObject(document?.value) ? document.value['peers'] : undefined;
  if (document === null || !Array.isArray(list)) return [];
  const problems: Problem[] = [];
  const seen = new Map<string, Path>();
  for (const [index, peer] of list.entries()) {
    const agent: unknown = isObject(peer) ? peer['agent'] : undefined;
    if (typeof agent !== 'string') continue;
    const path = ['peers', index, 'agent'];
    const first = seen.get(agent.toLowerCase());
    if (first !== undefined) problems.push(duplicate('peer', agent, document, path, first));
    else seen.set(agent.toLowerCase(), path);
    const files = folder.peerContracts.find((contract) => contract.index === index)?.files;
    const contract = [own, ...peers].find((model) => model !== null && model.source === files?.main.file);
    if (contract && contract.agent !== agent) {
      problems.push({
        code: 'wrong-value',
        place: document.place(path),
        message: `The contract of ${agent} is the one of ${contract.agent}.`,
        fix: `Write ${contract.agent}, or name another contract.`,
      });
    }
  }
  return problems;
}

function duplicate(what: string, name: string, document: SourceDocument, path: Path, first: Path): Problem {
  return {
    code: 'duplicate-name',
    place: document.place(path),
    message: `A ${what} named "${name}" is there already; names that differ only by case, - or _ count as one.`,
    fix: 'Rename one of the two, or remove it.',
    related: { place: document.place(first), message: 'The first one stands at' },
  };
}

/** A capability as the file has it, with the roots of its schemas. */
interface CapabilityDraft {
  readonly path: Path;
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly input: SchemaRoot | null;
  readonly output: SchemaRoot | null;
  readonly errors: readonly { readonly code: string; readonly path: Path; readonly details: SchemaRoot | null }[];
}

function compileContract(files: ContractFiles, problems: Problem[]): ContractModel | null {
  const document = files.main;
  if (!isObject(document.value)) {
    problems.push(...validateFormat('capabilities', document));
    return null;
  }
  const before = problems.length;
  problems.push(...validateFormat('capabilities', document));
  const drafts = readCapabilities(document);
  problems.push(...duplicateProblems(document, drafts));
  const roots = drafts.flatMap(({ input, output, errors }) => [input, output, ...errors.map(({ details }) => details)]);
  const normalizer = createNormalizer(files, roots.filter(isPresent), (typeName) => `definitions/${typeName}`);
  const shared = document.value['definitions'];
  if (isObject(shared)) for (const key of Object.keys(shared)) normalizer.defineShared(key);
  const schemas = new Map(roots.filter(isPresent).map((root) => [root, normalizer.normalize(root)] as const));
  problems.push(...normalizer.problems);
  const circles = findCircularReferences(normalizer.definitions);
  problems.push(...circles);
  const agent = typeof document.value['agent'] === 'string' ? document.value['agent'] : '';
  const id = agent.replace(/^agent:\/\//, '');
  const names = { type: typeIdentifier(id), value: valueIdentifier(id) };
  problems.push(...findCollisions(declarationsOf(document, names, drafts, normalizer)));
  // A check of an example would not come back from a circle.
  if (circles.length > 0) return null;

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
  const capabilities = drafts.flatMap((draft) => {
    const capability = toCapability(draft, toSchema, definitions, rootNames);
    return capability === null ? [] : [{ draft, capability }];
  });
  for (const { draft, capability } of capabilities) {
    problems.push(...checkExamples(document, draft.path, capability, (schema) => sound.has(schema)));
  }
  if (problems.length > before) return null;
  const description = document.value['description'];
  return {
    agent,
    id,
    names,
    description: typeof description === 'string' ? description : null,
    source: document.file,
    capabilities: capabilities.map(({ capability }) => capability),
    definitions: [...definitions.values()].filter(({ module }) => module.startsWith('definitions/')),
  };
}

function readCapabilities(document: SourceDocument): CapabilityDraft[] {
  const list = (document.value as Readonly<Record<string, unknown>>)['capabilities'];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => {
    if (!isObject(value)) return [];
    const path = ['capabilities', index];
    // What has no legal name is looked at all the same, so that all its errors come in one run.
    const name = typeof value['name'] === 'string' ? value['name'] : `capability-${index}`;
    const type = typeIdentifier(name);
    const module = `capabilities/${name}`;
    const root = (
      owner: Readonly<Record<string, unknown>>,
      key: string,
      at: Path,
      typeName: string,
    ): SchemaRoot | null => {
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
    const first = capabilities.get(nameKey(name));
    if (first !== undefined) problems.push(duplicate('capability', name, document, [...path, 'name'], first));
    else capabilities.set(nameKey(name), [...path, 'name']);
    const codes = new Map<string, Path>();
    for (const error of errors) {
      const before = codes.get(nameKey(error.code));
      if (before !== undefined) {
        problems.push(duplicate('declared error', error.code, document, [...error.path, 'code'], before));
      } else codes.set(nameKey(error.code), [...error.path, 'code']);
    }
  }
  return problems;
}

/** Every name that the generated modules of a contract export, with the place that it comes from. */
function declarationsOf(
  document: SourceDocument,
  agent: { readonly type: string; readonly value: string },
  drafts: readonly CapabilityDraft[],
  normalizer: Normalizer,
): Declaration[] {
  const agentPlace = document.place(['agent']);
  const declarations: Declaration[] = [
    ...[`${agent.type}Client`, `create${agent.type}Client`, `${agent.type}Contract`, `${agent.value}Contract`],
    ...[`${agent.type}Skills`, `serve${agent.type}`, `${agent.value}Tools`],
  ].map((name) => ({ name, place: agentPlace, what: 'the agent', isDefinition: false }));
  const keys = new Set<string>();
  for (const { name, path, input, output, errors } of drafts) {
    // With a name that is taken or not legal every declaration may collide, and that is said already.
    if (keys.has(nameKey(name)) || !/^[A-Za-z]/.test(name)) continue;
    keys.add(nameKey(name));
    const place = document.place([...path, 'name']);
    const declare = (identifier: string): void => {
      declarations.push({ name: identifier, place, what: `the capability "${name}"`, isDefinition: false });
    };
    const type = typeIdentifier(name);
    for (const suffix of ['Errors', 'Skill']) declare(type + suffix);
    declare(`${memberIdentifier(name)}Capability`);
    for (const root of [input, output, ...errors.map(({ details }) => details)].filter(isPresent)) {
      declare(root.typeName);
      declare(lowerFirst(root.typeName));
    }
  }
  const ownRoots = rootPaths(drafts);
  for (const { typeName, document: home, path } of normalizer.definitions.values()) {
    if (home === document && ownRoots.has(path.join('/'))) continue;
    declarations.push({ name: typeName, place: home.place(path, 'key'), what: 'the definition', isDefinition: true });
  }
  return declarations;
}

/** The paths of the schemas that capabilities name by themselves. */
function rootPaths(drafts: readonly CapabilityDraft[]): Set<string> {
  const roots = drafts.flatMap(({ input, output, errors }) => [
    ...[input, output],
    ...errors.map(({ details }) => details),
  ]);
  return new Set(roots.filter(isPresent).map(({ path }) => path.join('/')));
}

function modelsOf(definitions: ReadonlyMap<string, Definition>): Map<string, DefinitionModel> {
  const sorted = [...definitions.values()].sort((left, right) => byCodePoint(left.typeName, right.typeName));
  return new Map(sorted.map(({ typeName, schema, module }) => [typeName, { typeName, schema, module }] as const));
}

function needsOf(
  schema: SchemaModel['schema'],
  definitions: ReadonlyMap<string, DefinitionModel>,
): Map<string, DefinitionModel> {
  const found = new Map<string, DefinitionModel>();
  const queue = [...referencesOf(schema)];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const definition = definitions.get(name);
    if (definition === undefined || found.has(name)) continue;
    found.set(name, definition);
    queue.push(...referencesOf(definition.schema));
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
  return {
    name,
    names: { type: typeIdentifier(name), member: memberIdentifier(name), value: valueIdentifier(name) },
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
}

function toError(
  draft: CapabilityDraft,
  code: string,
  path: Path,
  details: SchemaRoot | null,
  toSchema: (root: SchemaRoot) => SchemaModel,
): ErrorModel {
  const list = draft.value['errors'] as readonly Readonly<Record<string, unknown>>[];
  const description = list[Number(path.at(-1))]?.['description'];
  return {
    code,
    description: typeof description === 'string' ? description : null,
    details: details === null ? null : toSchema(details),
  };
}

function toExample(example: Readonly<Record<string, unknown>>, index: number): ExampleModel {
  const name = typeof example['name'] === 'string' ? example['name'] : `example ${index + 1}`;
  return { name, input: example['input'], hasOutput: Object.hasOwn(example, 'output'), output: example['output'] };
}

/** `ReviewPrInput` → `reviewPrInput`. */
function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function isPresent<T>(value: T | null): value is T {
  return value !== null;
}
