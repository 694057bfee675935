import { isObject } from '../../json.js';
import type { LintContract, SchemaNode } from '../contract.js';
import { eachSchema, type LintRule, type Remark, remarkAt } from '../rule.js';

/** Which of the two strict modes cannot carry a keyword, and what to write instead. */
interface Objection {
  readonly who: string;
  readonly instead: string;
}

const OPENAI = "OpenAI's strict mode";
const NEITHER = 'no strict mode';
const condition: Objection = { who: OPENAI, instead: 'Write a union with anyOf, one branch for each case.' };
const shape: Objection = { who: NEITHER, instead: 'Name each property under "properties".' };
const list: Objection = { who: NEITHER, instead: 'Write an array with one schema for all its items.' };
const count: Objection = { who: NEITHER, instead: 'Say it in the description and check it in the skill.' };

/** What is not in the subsets that strict modes carry. Bounds are absent: the SDKs move them into descriptions. */
const OBJECTIONS: ReadonlyMap<string, Objection> = new Map([
  ['allOf', { who: OPENAI, instead: 'Write one schema with the properties of all.' }],
  ['oneOf', { who: OPENAI, instead: 'Write anyOf, which says the same where the branches exclude each other.' }],
  ...['not', 'if', 'then', 'else'].map((keyword) => [keyword, condition] as const),
  ...['dependentRequired', 'dependentSchemas', 'dependencies'].map((keyword) => [keyword, condition] as const),
  ...['patternProperties', 'propertyNames', 'unevaluatedProperties'].map((keyword) => [keyword, shape] as const),
  ...['prefixItems', 'additionalItems', 'unevaluatedItems'].map((keyword) => [keyword, list] as const),
  ...['contains', 'minContains', 'maxContains', 'uniqueItems'].map((keyword) => [keyword, count] as const),
  ...['minProperties', 'maxProperties'].map((keyword) => [keyword, count] as const),
]);

function isObjectSchema({ schema }: SchemaNode): boolean {
  const { type, properties } = schema;
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || (!type && isObject(properties));
}

/** A check of the schemas that a model fills in. */
function eachInput(check: (node: SchemaNode) => Iterable<Remark>): (contract: LintContract) => Iterable<Remark> {
  return eachSchema(function* (node) {
    if (node.use === 'input' && !node.isCondition) yield* check(node);
  });
}

/** Finds references by which a schema of an input holds itself. */
function* recursions(contract: LintContract): Iterable<Remark> {
  const left = new Set<SchemaNode>();
  const open = new Set<SchemaNode>();
  for (const start of contract.schemas) {
    if (start.use !== 'input' || left.has(start) || start.parent !== null) continue;
    // A stack of its own: a chain of references may be longer than that of the program.
    const stack = [{ node: start, isDone: false }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { node, isDone } = next;
      if (isDone) {
        open.delete(node);
        left.add(node);
        continue;
      }
      if (left.has(node) || open.has(node)) continue;
      open.add(node);
      stack.push({ node, isDone: true });
      const target = contract.target(node);
      if (target !== undefined && open.has(target)) {
        yield remarkAt(node, ['$ref'], 'This reference leads back to a schema that it stands in.');
      } else if (target !== undefined) stack.push({ node: target, isDone: false });
      for (const child of node.children) {
        if (child.keyword !== '$defs' && child.keyword !== 'definitions') stack.push({ node: child, isDone: false });
      }
    }
  }
}

/**
 * Rules about what the strict tool modes of language models cannot carry. They follow the published subsets: OpenAI's guide
 * to structured outputs and what its SDK for Node refuses to convert, and the limitations of JSON Schema in Anthropic's
 * documentation of structured outputs, which strict tool use shares, with what its SDK for TypeScript converts.
 */
export const strictRules: readonly LintRule[] = [
  {
    id: 'strict-root',
    level: 'warning',
    meaning: 'The input is a union at its root, which strict tool mode cannot carry.',
    why: "OpenAI's strict mode takes a root that is an object and not an anyOf.",
    fix: 'Put the union into a property of the input.',
    check: eachInput(function* (node) {
      if (node.parent !== null || node.path.at(-1) !== 'inputSchema' || node.schema['anyOf'] === undefined) return;
      // Anything but an object is wrapped in one where tools are generated.
      if (node.schema['type'] !== 'object') return;
      yield remarkAt(node, ['anyOf'], 'The root of an input is a union here.', { part: 'key' });
    }),
  },
  {
    id: 'strict-open-object',
    level: 'warning',
    meaning: 'An object of an input lets in properties that it does not name, which strict tool mode cannot carry.',
    why: "OpenAI's and Anthropic's strict modes take only objects with additionalProperties: false.",
    fix: 'Add "additionalProperties: false" before anybody depends on what is let in.',
    check: eachInput(function* (node) {
      if (!isObjectSchema(node) || node.schema['additionalProperties'] === false) return;
      const key = ['additionalProperties', 'type', 'properties'].find((name) => node.schema[name] !== undefined);
      const message = 'This object lets in properties that it does not name.';
      yield remarkAt(node, key === undefined ? [] : [key], message, { part: 'key' });
    }),
  },
  {
    id: 'strict-optional',
    level: 'warning',
    meaning: 'A property of an input may be left out, which strict tool mode cannot carry.',
    why: "OpenAI's strict mode asks for each property; Anthropic's lets a request have 24 that may be left out in all.",
    fix: 'List it under "required", and let it be null if it may have no value.',
    check: eachInput(function* (node) {
      const { properties, required } = node.schema;
      const listed: ReadonlySet<unknown> = new Set(Array.isArray(required) ? required : []);
      for (const name of isObject(properties) ? Object.keys(properties) : []) {
        if (listed.has(name)) continue;
        yield remarkAt(node, ['properties', name], `"${name}" may be left out.`, { part: 'key' });
      }
    }),
  },
  {
    id: 'strict-keyword',
    level: 'warning',
    meaning: 'An input uses a keyword that strict tool mode cannot carry.',
    why: 'A request with such a schema is refused, or the keyword is dropped and the model does not keep to it.',
    fix: 'Say the same with types, properties, items, enum, const and anyOf.',
    check: eachInput(function* (node) {
      for (const keyword of Object.keys(node.schema)) {
        const objection = OBJECTIONS.get(keyword);
        if (objection === undefined) continue;
        const { who, instead } = objection;
        const verb = who === NEITHER ? 'carries' : 'does not carry';
        const message = `${who.charAt(0).toUpperCase()}${who.slice(1)} ${verb} "${keyword}".`;
        yield remarkAt(node, [keyword], message, { part: 'key', fix: instead });
      }
    }),
  },
  {
    id: 'strict-any',
    level: 'warning',
    meaning: 'A part of an input has no type, which strict tool mode cannot carry.',
    why: 'Strict modes build a grammar of the schema, and what may be anything has none.',
    fix: 'Add "type:".',
    check: eachInput(function* (node) {
      const { schema, keyword } = node;
      const isValue = node.parent === null || keyword === 'properties' || keyword === 'items';
      const says = ['type', '$ref', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', 'properties'];
      if (!isValue || says.some((name) => Object.hasOwn(schema, name))) return;
      yield remarkAt(node, [], 'This may be any value.', { part: 'key' });
    }),
  },
  {
    id: 'strict-enum',
    level: 'warning',
    meaning: 'An enum of an input lists an object or an array, which strict tool mode cannot carry.',
    why: "Anthropic's strict mode takes strings, numbers, booleans and null in an enum.",
    fix: 'Write a union with anyOf of schemas for the values.',
    check: eachInput(function* (node) {
      const values: unknown[] = Array.isArray(node.schema['enum']) ? node.schema['enum'] : [];
      const index = values.findIndex((value) => typeof value === 'object' && value !== null);
      if (index === -1) return;
      yield remarkAt(node, ['enum', index], 'This enum lists a value that has parts.');
    }),
  },
  {
    id: 'strict-recursion',
    level: 'warning',
    meaning: 'A schema of an input holds itself, which strict tool mode cannot carry.',
    why: "Anthropic's strict mode takes no recursive schema.",
    fix: 'Write a list of parts that name their parents, or repeat the schema for as many levels as are needed.',
    check: recursions,
  },
];
