import { forEachSubschema } from '../dialect.js';
import type { SourceDocument } from '../document.js';
import { isObject, type JsonObject, type Path, pointerOfPath, valueAt } from '../json.js';
import type { ContractFiles } from '../load.js';
import { createResolver, type Location, type Scope } from '../references.js';

/** What a schema is for. One that several uses lead to has the first of them, in this order. */
export type Use = 'input' | 'output' | 'details' | 'definition';

/** A schema as the file has it, with what stands around it. */
export interface SchemaNode {
  readonly document: SourceDocument;
  readonly path: Path;
  readonly schema: JsonObject;
  /** The scope inside the schema, its own `$id` and `$schema` included. */
  readonly scope: Scope;
  /** The schema that it directly stands in; null for the schema of a capability or a shared definition. */
  readonly parent: SchemaNode | null;
  /** The keyword of the parent that holds it. */
  readonly keyword: string | null;
  /** Its key or index below that keyword, such as the name of a property. */
  readonly key: string | null;
  readonly use: Use;
  /** Whether it is part of a `not` or an `if`, and so does not say how values are. */
  readonly isCondition: boolean;
  readonly children: readonly SchemaNode[];
}

/** A capability as the file has it. */
export interface CapabilityNode {
  readonly path: Path;
  readonly name: string;
  readonly value: JsonObject;
}

/** What lint rules look at: one contract, each schema in it once. */
export interface LintContract {
  readonly document: SourceDocument;
  readonly value: JsonObject;
  readonly capabilities: readonly CapabilityNode[];
  /** Every schema that the contract holds or refers to, those of inputs first. */
  readonly schemas: readonly SchemaNode[];
  /** What the `$ref` of a schema leads to; undefined without one, and where that is `true` or `false`. */
  target(node: SchemaNode): SchemaNode | undefined;
  /** Whether any `$ref` leads to the value at this place, or into it. */
  isReferredTo(document: SourceDocument, path: Path): boolean;
}

interface Start {
  readonly location: Location;
  readonly use: Use;
}

/** Walks a contract without problems once; shared definitions are looked at once, however many refer to them. */
export function readLintContract(files: ContractFiles): LintContract {
  const document = files.main;
  const value = isObject(document.value) ? document.value : {};
  const capabilities = listOf(value['capabilities']).map(
    ([capability, index]): CapabilityNode => ({
      path: ['capabilities', index],
      name: String(capability['name']),
      value: capability,
    }),
  );
  const resolver = createResolver(files);
  const schemas: SchemaNode[] = [];
  const nodes = new Map<string, SchemaNode>();
  const targets = new Map<SchemaNode, Location>();
  const referred = new Set<string>();
  const resolved = new Map<string, Location | null>();

  const resolve = (reference: string, scope: Scope): Location | null => {
    const id = JSON.stringify([idOf(scope), scope.base, reference]);
    const known = resolved.get(id);
    if (known !== undefined) return known;
    const found = resolver.resolve(reference, scope);
    const location = 'code' in found ? null : found;
    resolved.set(id, location);
    return location;
  };

  const walk = (location: Location, outer: Scope, around: Partial<SchemaNode>, use: Use, queue: Start[]): void => {
    const { document, path } = location;
    const schema = valueAt(document.value, path);
    const id = idOf(location);
    if (!isObject(schema) || nodes.has(id)) return;
    const { parent = null, keyword = null, key = null } = around;
    const scope = resolver.enter(schema, path, outer);
    const isCondition = parent?.isCondition === true || CONDITIONS.has(keyword);
    const children: SchemaNode[] = [];
    const node: SchemaNode = { document, path, schema, scope, parent, keyword, key, use, isCondition, children };
    nodes.set(id, node);
    schemas.push(node);
    const reference = schema['$ref'];
    if (typeof reference === 'string') {
      const target = resolve(reference, scope);
      if (target !== null) {
        targets.set(node, target);
        queue.push({ location: target, use });
        for (let length = target.path.length; length >= 0; length--) {
          const enclosing = idOf({ document: target.document, path: target.path.slice(0, length) });
          if (referred.has(enclosing)) break;
          referred.add(enclosing);
        }
      }
    }
    forEachSubschema(schema, (_, [inner = null, key = null]) => {
      const inside = key === null ? [...path, String(inner)] : [...path, String(inner), key];
      walk({ document, path: inside }, scope, { parent: node, keyword: inner, key }, use, queue);
      const child = nodes.get(idOf({ document, path: inside }));
      if (child !== undefined) children.push(child);
    });
  };

  for (const use of ['input', 'output', 'details', 'definition'] as const) {
    const queue = startsOf(use, document, value, capabilities);
    // A queue, not recursion: a chain of references may be longer than the stack.
    for (let index = 0; index < queue.length; index++) {
      const { location } = queue[index] as Start;
      if (nodes.has(idOf(location))) continue;
      walk(location, resolver.scopeAt(location, rootOf(location, document)), {}, use, queue);
    }
  }

  return {
    document,
    value,
    capabilities,
    schemas,
    target: (node) => {
      const location = targets.get(node);
      return location === undefined ? undefined : nodes.get(idOf(location));
    },
    isReferredTo: (home, path) => referred.has(idOf({ document: home, path })),
  };
}

/** Keywords whose schemas ask about a value instead of saying how it must be. */
const CONDITIONS: ReadonlySet<string | null> = new Set(['not', 'if']);

function idOf({ document, path }: { readonly document: SourceDocument; readonly path?: Path }): string {
  return `${document.file}#${pointerOfPath(path ?? [])}`;
}

function listOf(value: unknown): [JsonObject, number][] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.flatMap((item, index) => (isObject(item) ? [[item, index] as [JsonObject, number]] : []));
}

function startsOf(
  use: Use,
  document: SourceDocument,
  value: JsonObject,
  capabilities: readonly CapabilityNode[],
): Start[] {
  const start = (path: Path): Start => ({ location: { document, path }, use });
  if (use === 'input') return capabilities.map(({ path }) => start([...path, 'inputSchema']));
  if (use === 'output') return capabilities.map(({ path }) => start([...path, 'outputSchema']));
  if (use === 'details') {
    return capabilities.flatMap(({ path, value: { errors } }) =>
      listOf(errors).map(([, index]) => start([...path, 'errors', index, 'detailsSchema'])),
    );
  }
  const { definitions } = value;
  return isObject(definitions) ? Object.keys(definitions).map((key) => start(['definitions', key])) : [];
}

/** What `#` means at a place: the schema of the capability or the definition in a capabilities file, the file elsewhere. */
function rootOf({ document, path }: Location, main: SourceDocument): Location {
  if (document !== main) return { document, path: [] };
  if (path[0] !== 'capabilities') return { document, path: path.slice(0, 2) };
  return { document, path: path.slice(0, path[2] === 'errors' ? 5 : 3) };
}
