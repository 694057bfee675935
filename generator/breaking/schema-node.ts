import { isObject } from '../json.js';
import { byCodePoint, type DefinitionModel, type Schema, typeNameOf } from '../model.js';

/** A schema of one of the two versions; each schema object has one node, so that nodes compare by identity. */
export interface SchemaNode {
  readonly id: number;
  readonly schema: Schema | boolean;
  readonly side: Side;
}

/** One version of a contract, as schemas see it. */
export interface Side {
  readonly definitions: ReadonlyMap<string, DefinitionModel>;
  node(schema: unknown): SchemaNode;
  /** A node that no file holds, such as the negation of another; made once for each name. */
  derived(name: string, make: () => Schema): SchemaNode;
}

let lastId = 0;

export function createSide(definitions: ReadonlyMap<string, DefinitionModel>): Side {
  const nodes = new Map<unknown, SchemaNode>();
  const derivedNodes = new Map<string, SchemaNode>();
  const create = (schema: Schema | boolean): SchemaNode => ({ id: ++lastId, schema, side });
  const side: Side = {
    definitions,
    node(schema) {
      const known = nodes.get(schema);
      if (known !== undefined) return known;
      const made = create(isObject(schema) ? schema : schema !== false);
      nodes.set(schema, made);
      return made;
    },
    derived(name, make) {
      const known = derivedNodes.get(name);
      if (known !== undefined) return known;
      const made = create(make());
      derivedNodes.set(name, made);
      return made;
    },
  };
  return side;
}

/** What a keyword of a node holds; undefined for one that it does not have. */
export function keyword(node: SchemaNode, name: string): unknown {
  return isObject(node.schema) && Object.hasOwn(node.schema, name) ? node.schema[name] : undefined;
}

/** The node of a keyword that holds one schema; null for one that is absent. */
export function inner(node: SchemaNode, name: string): SchemaNode | null {
  const value = keyword(node, name);
  return value === undefined ? null : node.side.node(value);
}

/** The nodes of a keyword that holds a list of schemas. */
export function members(node: SchemaNode, name: string): SchemaNode[] {
  const value = keyword(node, name);
  return Array.isArray(value) ? value.map((item) => node.side.node(item)) : [];
}

/** The nodes of a keyword that holds schemas by name. */
export function named(node: SchemaNode, name: string): [string, SchemaNode][] {
  const value = keyword(node, name);
  if (!isObject(value)) return [];
  return Object.entries(value).map(([key, item]) => [key, node.side.node(item)]);
}

/** The node under one name of a keyword that holds schemas by name; null where there is none. */
export function namedAs(node: SchemaNode, name: string, key: string): SchemaNode | null {
  const value = keyword(node, name);
  return isObject(value) && Object.hasOwn(value, key) ? node.side.node(value[key]) : null;
}

/** The strings of a keyword that lists some. */
export function strings(node: SchemaNode, name: string): readonly string[] {
  const value = keyword(node, name);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The schema that a node refers to; null for one that refers to none. */
export function targetOf(node: SchemaNode): SchemaNode | null {
  const reference = keyword(node, '$ref');
  if (reference === undefined) return null;
  const definition = node.side.definitions.get(typeNameOf(reference));
  return definition === undefined ? null : node.side.node(definition.schema);
}

/** The schema that accepts what `node` refuses. */
export function negation(node: SchemaNode): SchemaNode {
  return node.side.derived(`not ${node.id}`, () => ({ not: node.schema }));
}

/** Whether a node accepts everything without looking. */
export function saysNothing({ schema }: SchemaNode): boolean {
  return schema === true || (isObject(schema) && Object.keys(schema).length === 0);
}

/** A value that every one of these schemas accepts is what is spoken of; with what they refer to and their allOf. */
export interface Conjunction {
  readonly nodes: readonly SchemaNode[];
  /** The unions that have been taken apart, whose branch is among the nodes. */
  readonly split: ReadonlySet<string>;
  readonly key: string;
}

/** The conjunction of nodes, of what they refer to and of their allOf. */
export function conjunctionOf(start: readonly SchemaNode[], split: ReadonlySet<string> = new Set()): Conjunction {
  const found = new Map<number, SchemaNode>();
  const add = (node: SchemaNode): void => {
    if (found.has(node.id) || saysNothing(node)) return;
    found.set(node.id, node);
    const target = targetOf(node);
    if (target !== null) add(target);
    for (const member of members(node, 'allOf')) add(member);
  };
  for (const node of start) add(node);
  const nodes = [...found.values()];
  const key = `${[...found.keys()].sort((left, right) => left - right).join()}|${[...split].sort(byCodePoint).join()}`;
  return { nodes, split, key };
}

export function withNodes(conjunction: Conjunction, more: readonly SchemaNode[], split?: string): Conjunction {
  const isSplit = split === undefined ? conjunction.split : new Set([...conjunction.split, split]);
  return conjunctionOf([...conjunction.nodes, ...more], isSplit);
}
