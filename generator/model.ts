import { forEachSubschema } from './dialect.js';
import { isObject, type JsonObject } from './json.js';

/** What every emitter reads: one agent's folder with nothing optional left and nothing unresolved. */

/** A JSON Schema 2020-12 object whose only references are `#/$defs/<type name>`. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

export interface AgentFolderModel {
  /** The agent's own contract; null for an agent that only calls. */
  readonly own: ContractModel | null;
  /** The contracts of its peers that have one. */
  readonly peers: readonly ContractModel[];
  readonly bus: BusModel | null;
}

/** Where the own agent stands on its transports, as the YAML says it. */
export interface BusModel {
  readonly agent: string;
  /** The files that it is made from, for the header. */
  readonly sources: readonly string[];
  readonly transports: readonly JsonObject[];
  readonly peers: readonly JsonObject[];
  /** How the agent signs what it sends; null where it says nothing. */
  readonly auth: JsonObject | null;
  /** Every transport kind that is named, in code-point order. */
  readonly kinds: readonly string[];
  /** Where each string that holds `${env:…}` stands, by JSON Pointer into `{ transports, peers, auth }`. */
  readonly places: ReadonlyMap<string, string>;
}

export interface ContractModel {
  /** The whole address, `agent://pr-reviewer`. */
  readonly agent: string;
  /** The address without its scheme; also the name of the output folder. */
  readonly id: string;
  readonly names: AgentNames;
  readonly description: string | null;
  /** The path of the capabilities file relative to the agent's folder. */
  readonly source: string;
  readonly capabilities: readonly CapabilityModel[];
  /** Definitions that several capabilities may use, each with a module of its own. */
  readonly definitions: readonly SharedDefinitionModel[];
}

export interface AgentNames {
  /** `PrReviewer` */
  readonly type: string;
  /** `prReviewer` */
  readonly value: string;
}

export interface CapabilityModel {
  readonly name: string;
  readonly names: CapabilityNames;
  readonly description: string | null;
  readonly timeoutMs: number | null;
  readonly idempotent: boolean;
  readonly since: string | null;
  readonly deprecated: string | true | null;
  /** The file in skills/ that implements it, without its ending. */
  readonly skill: string;
  readonly input: SchemaModel;
  readonly output: SchemaModel;
  readonly errors: readonly ErrorModel[];
  readonly examples: readonly ExampleModel[];
  /** Definitions inside this capability's own schemas. */
  readonly definitions: readonly DefinitionModel[];
  /** A hash of all else, by which what was made of it before is known again. */
  readonly digest: string;
}

export interface CapabilityNames {
  /** `ReviewPr` */
  readonly type: string;
  /** `reviewPr`, the method on the client and the skills object; may be a reserved word, which members may be. */
  readonly member: string;
  /** `reviewPr`, or `delete_` where the member is a reserved word. */
  readonly value: string;
}

export interface SchemaModel {
  readonly typeName: string;
  /** The name of the validator value. */
  readonly valueName: string;
  /** What the schema says, references left in it. */
  readonly schema: Schema | boolean;
  /** Every definition it needs, those that definitions need included, by type name in code-point order. */
  readonly needs: ReadonlyMap<string, DefinitionModel>;
}

export interface DefinitionModel {
  readonly typeName: string;
  readonly schema: Schema | boolean;
  /** The module that exports the type, relative to the contract's output folder, without its ending. */
  readonly module: string;
}

export interface SharedDefinitionModel extends DefinitionModel {
  /** The definitions that its module must know, by type name in code-point order. */
  readonly needs: ReadonlyMap<string, DefinitionModel>;
}

export interface ErrorModel {
  readonly code: string;
  readonly description: string | null;
  /** Null for an error without details. */
  readonly details: SchemaModel | null;
}

export interface ExampleModel {
  readonly name: string;
  readonly input: unknown;
  readonly hasOutput: boolean;
  readonly output: unknown;
}

const DEFS = '#/$defs/';

/** The `$ref` of a normalized schema to the definition with that type name. */
export function referenceTo(typeName: string): string {
  return DEFS + encodeURIComponent(typeName);
}

/** The type name behind a normalized `$ref`. */
export function typeNameOf(reference: unknown): string {
  return decodeURIComponent(String(reference).slice(DEFS.length));
}

/** The schema with its definitions, so that it refers to nothing outside itself. */
export function selfContained({ schema, needs }: Pick<SchemaModel, 'schema' | 'needs'>): Schema {
  const root = typeof schema === 'boolean' ? (schema ? {} : { not: {} }) : schema;
  if (needs.size === 0) return root;
  return { ...root, $defs: Object.fromEntries([...needs].map(([name, definition]) => [name, definition.schema])) };
}

/** Ordered by code point, which no locale changes. */
export function byCodePoint(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
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

/** Whether a schema asks what other schemas have looked at, for which their text is needed and not only their verdict. */
export function hasUnevaluated(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  let found = schema['unevaluatedProperties'] !== undefined || schema['unevaluatedItems'] !== undefined;
  forEachSubschema(schema, (inner) => {
    found ||= hasUnevaluated(inner);
  });
  return found;
}
