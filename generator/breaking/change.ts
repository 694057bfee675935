import { createHash } from 'node:crypto';
import { isObject, type Path, pointerOfPath } from '../json.js';
import { type DefinitionModel, referencesOf, type Schema } from '../model.js';
import type { Place } from '../problem.js';
import { canonical } from './canonical.js';
import type { RuleId } from './rules.js';
import { isAssertion } from './same-schema.js';
import type { SchemaNode } from './schema-node.js';

/** One change of a contract. */
export interface Change {
  readonly rule: RuleId;
  /** The capabilities that it reaches, sorted; none for what belongs to the agent. */
  readonly capabilities: readonly string[];
  /** Where inside the first of them, through references. */
  readonly trail: Path;
  /** Where it stands in the files of the contract, if not inside a capability: in a definition, that is, or a file of its own. */
  readonly anchor?: string;
  /** One sentence, or two with an example; `whose` names the capabilities. */
  readonly message: (whose: string) => string;
  /** In the new file: the change, or what is nearest to a thing that is gone. */
  readonly place: Place;
  readonly related?: { readonly place: Place; readonly message: string };
  /** What stood there and what stands there now: with them a fingerprint speaks of this change and of no other. */
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * What an acceptance names a change by. Text that has moved, or been laid out otherwise, has the same; a change that reaches
 * one capability more, or one less, has another.
 */
export function fingerprintOf({ rule, capabilities, trail, anchor, before, after }: Change): string {
  const where = anchor ?? pointerOfPath(trail);
  const text = canonical([rule, capabilities, where, before ?? null, after ?? null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** What schemas assert, with the definitions that they refer to, for a fingerprint. */
export function fragmentOf(nodes: readonly SchemaNode[]): unknown {
  const definitions = new Map<string, unknown>();
  const follow = (schema: Schema | boolean, known: ReadonlyMap<string, DefinitionModel>): void => {
    for (const name of referencesOf(schema)) {
      const definition = known.get(name);
      if (definition === undefined || definitions.has(name)) continue;
      definitions.set(name, assertionsIn(definition.schema));
      follow(definition.schema, known);
    }
  };
  for (const { schema, side } of nodes) follow(schema, side.definitions);
  return [nodes.map(({ schema }) => assertionsIn(schema)), Object.fromEntries(definitions)];
}

/** A schema without its annotations, which say nothing about what it accepts. */
function assertionsIn(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => assertionsIn(item));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([name]) => isNames || isAssertion(name));
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      DATA.has(name) && !isNames ? item : assertionsIn(item, NAMES.has(name) && !isNames),
    ]),
  );
}

const DATA: ReadonlySet<string> = new Set(['const', 'enum']);
const NAMES: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependentRequired',
]);
