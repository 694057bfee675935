import { isObject } from '../../json.js';
import type { LintContract, SchemaNode } from '../contract.js';
import { counted, gather, nameWithin, type Spot } from '../gather.js';
import { createOpenness, type Openness } from '../open-objects.js';
import { IF_PUBLISHED, type LintRule } from '../rule.js';

const CONDITION = "OpenAI's strict mode has no conditions: write a union with anyOf, one branch for each case.";
const SHAPE = 'Strict modes have no rules for unnamed properties: name each one under "properties".';
const LIST = 'Strict modes have one kind of item: write an array with one schema for all its items.';
const COUNT = 'Strict modes count no items or properties: say it in the description and check it in the skill.';

/**
 * What is not in the subsets that strict modes carry, and what to write instead. Bounds are absent: the SDKs move them into
 * descriptions.
 */
const OBJECTIONS: ReadonlyMap<string, string> = new Map([
  ['allOf', "OpenAI's strict mode has no allOf: write one schema with the properties of all."],
  ['oneOf', "OpenAI's strict mode has no oneOf: anyOf says the same where the branches exclude each other."],
  ...['not', 'if', 'then', 'else'].map((keyword) => [keyword, CONDITION] as const),
  ...['dependentRequired', 'dependentSchemas', 'dependencies'].map((keyword) => [keyword, CONDITION] as const),
  ...['patternProperties', 'propertyNames', 'unevaluatedProperties'].map((keyword) => [keyword, SHAPE] as const),
  ...['prefixItems', 'additionalItems', 'unevaluatedItems'].map((keyword) => [keyword, LIST] as const),
  ...['contains', 'minContains', 'maxContains', 'uniqueItems'].map((keyword) => [keyword, COUNT] as const),
  ...['minProperties', 'maxProperties'].map((keyword) => [keyword, COUNT] as const),
]);

/** What to do about an open object in a contract that nobody uses yet. */
const CLOSING: Readonly<Record<Openness, string>> = {
  plain: 'Add "additionalProperties: false".',
  map: 'Strict modes carry no map: write a list of { key, value }, in a property of its own where others are named.',
  part: 'Write each branch of a union, and what an allOf puts together, as one schema with all its properties, and close that.',
};

/** The places of schemas that a model fills in. */
function eachInput(
  find: (node: SchemaNode) => Iterable<Omit<Spot, 'node'>>,
): (contract: LintContract) => Iterable<Spot> {
  return function* ({ schemas }) {
    for (const node of schemas) {
      if (node.use !== 'input' || node.isCondition) continue;
      for (const spot of find(node)) yield { node, ...spot };
    }
  };
}

function* openObjects(contract: LintContract): Iterable<Spot> {
  const opennessOf = createOpenness(contract);
  yield* eachInput(function* (node) {
    const openness = opennessOf(node);
    if (openness !== null) yield { name: nameWithin(node), fix: CLOSING[openness] };
  })(contract);
}

/** Finds references by which a schema of an input holds itself. */
function* recursions(contract: LintContract): Iterable<Spot> {
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
        yield { node, name: nameWithin(node) };
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
    level: 'note',
    meaning: 'The input is a union at its root, which strict tool mode cannot carry.',
    why: "OpenAI's strict mode takes a root that is an object and not an anyOf.",
    fix: `Put the union into a property of the input; ${IF_PUBLISHED}.`,
    check: gather(
      eachInput(function* ({ parent, path, schema }) {
        if (parent !== null || path.at(-1) !== 'inputSchema' || schema['anyOf'] === undefined) return;
        // Anything but an object is wrapped in one where tools are generated.
        if (schema['type'] === 'object') yield { name: '"anyOf"' };
      }),
      counted('union stands at the root of this input', 'unions stand at the root of this input'),
    ),
  },
  {
    id: 'strict-open-object',
    level: 'note',
    meaning: 'An object of an input lets in properties that it does not name, which strict tool mode cannot carry.',
    why: "OpenAI's and Anthropic's strict modes take only objects with additionalProperties: false.",
    fix: `Name every property and close the object, or write a list of { key, value } for a map; ${IF_PUBLISHED}.`,
    check: gather(
      openObjects,
      counted('object lets in properties that it does not name', 'objects let in properties that they do not name'),
      'In a published contract this is a breaking change.',
    ),
  },
  {
    id: 'strict-optional',
    level: 'note',
    meaning: 'A property of an input may be left out, which strict tool mode cannot carry.',
    why: "OpenAI's strict mode asks for each property; Anthropic's lets a request have 24 that may be left out in all.",
    fix: `List it under "required", and let it be null if it may have no value; ${IF_PUBLISHED}.`,
    check: gather(
      eachInput(function* (node) {
        const { properties, required } = node.schema;
        const listed: ReadonlySet<unknown> = new Set(Array.isArray(required) ? required : []);
        const around = node.parent === null ? '' : nameWithin(node);
        for (const name of isObject(properties) ? Object.keys(properties) : []) {
          if (!listed.has(name)) yield { name: around === '' || around === 'the root' ? name : `${around}.${name}` };
        }
      }),
      counted('property may be left out', 'properties may be left out'),
    ),
  },
  {
    id: 'strict-keyword',
    level: 'note',
    meaning: 'An input uses a keyword that strict tool mode cannot carry.',
    why: 'A request with such a schema is refused, or the keyword is dropped and the model does not keep to it.',
    fix: `Say the same with types, properties, items, enum, const and anyOf; ${IF_PUBLISHED} unless it means the same.`,
    check: gather(
      eachInput(function* (node) {
        for (const keyword of Object.keys(node.schema)) {
          const objection = OBJECTIONS.get(keyword);
          if (objection !== undefined) yield { name: `"${keyword}" of ${nameWithin(node)}`, fix: objection };
        }
      }),
      counted('keyword is not carried by every strict mode', 'keywords are not carried by every strict mode'),
    ),
  },
  {
    id: 'strict-any',
    level: 'note',
    meaning: 'A part of an input has no type, which strict tool mode cannot carry.',
    why: 'Strict modes build a grammar of the schema, and what may be anything has none.',
    fix: `Add "type:"; ${IF_PUBLISHED}.`,
    check: gather(
      eachInput(function* (node) {
        const { schema, keyword } = node;
        const isValue = node.parent === null || keyword === 'properties' || keyword === 'items';
        const says = ['type', '$ref', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', 'properties'];
        if (isValue && !says.some((name) => Object.hasOwn(schema, name))) yield { name: nameWithin(node) };
      }),
      counted('part may be any value', 'parts may be any value'),
    ),
  },
  {
    id: 'strict-enum',
    level: 'note',
    meaning: 'An enum of an input lists an object or an array, which strict tool mode cannot carry.',
    why: "Anthropic's strict mode takes strings, numbers, booleans and null in an enum.",
    fix: 'Write a union with anyOf of schemas for the values.',
    check: gather(
      eachInput(function* (node) {
        const values: unknown[] = Array.isArray(node.schema['enum']) ? node.schema['enum'] : [];
        const hasParts = values.some((value) => typeof value === 'object' && value !== null);
        if (hasParts) yield { name: nameWithin(node) };
      }),
      counted('enum lists a value that has parts', 'enums list values that have parts'),
    ),
  },
  {
    id: 'strict-recursion',
    level: 'note',
    meaning: 'A schema of an input holds itself, which strict tool mode cannot carry.',
    why: "Anthropic's strict mode takes no recursive schema.",
    fix: `Write a list of parts that name their parents, or repeat the schema for as many levels as are needed; ${IF_PUBLISHED}.`,
    check: gather(
      recursions,
      counted(
        'reference leads back to a schema that it stands in',
        'references lead back to schemas that they stand in',
      ),
    ),
  },
];
