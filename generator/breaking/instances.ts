import { isDeepStrictEqual } from 'node:util';
import type { ValidateFunction } from 'ajv';
import { isObject } from '../json.js';
import { type DefinitionModel, referencesOf, selfContained } from '../model.js';
import { compilable, createAjv } from '../vocabulary.js';
import { keyword, type SchemaNode } from './schema-node.js';

const validators = new WeakMap<SchemaNode, ValidateFunction | null>();

/** Whether a schema accepts a value, as generated validators have it; null where that cannot be found out. */
export function accepts(node: SchemaNode, value: unknown): boolean | null {
  const quick = acceptsPlainly(node, value);
  if (quick !== null) return quick;
  if (misleads(value)) return null;
  let validate = validators.get(node);
  if (validate === undefined) {
    validate = compile(node);
    validators.set(node, validate);
  }
  try {
    return validate === null ? null : validate(value) === true;
  } catch {
    return null;
  }
}

function compile({ schema, side }: SchemaNode): ValidateFunction | null {
  const needs = new Map<string, DefinitionModel>();
  const queue = [...referencesOf(schema)];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const definition = side.definitions.get(name);
    if (definition === undefined || needs.has(name)) continue;
    needs.set(name, definition);
    queue.push(...referencesOf(definition.schema));
  }
  try {
    return createAjv({ allErrors: false }).compile(compilable(selfContained({ schema, needs })));
  } catch {
    return null;
  }
}

/** Whether ajv's comparison of objects, which generated code does without, would take a member for a method. */
function misleads(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).some((key) => key in Object.prototype) || Object.values(value).some(misleads);
}

/** The verdict of a schema with nothing but a constant, values or a type; null for any other. */
function acceptsPlainly(node: SchemaNode, value: unknown): boolean | null {
  const { schema } = node;
  if (!isObject(schema)) return schema === true;
  for (const name of Object.keys(schema)) if (!PLAIN.has(name)) return null;
  const constant = Object.hasOwn(schema, 'const') ? isSame(schema['const'], value) : true;
  const values = keyword(node, 'enum');
  const isListed = Array.isArray(values) ? values.some((item) => isSame(item, value)) : true;
  return constant && isListed;
}

const PLAIN: ReadonlySet<string> = new Set(['const', 'enum', 'title', 'description', 'default']);

/** Equal as JSON Schema has it, which knows one zero. */
export function isSame(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left === right;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right;
  return isDeepStrictEqual(plain(left), plain(right));
}

/** Without prototypes and without a zero below zero. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
