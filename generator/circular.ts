import { isObject } from './json.js';
import { typeNameOf } from './model.js';
import type { Definition } from './normalize.js';
import type { Problem } from './problem.js';

/** Keywords whose schemas look at the very value that the schema around them looks at. */
const SAME_VALUE = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas'];

/** Finds definitions that lead back to themselves without a step into the data: a check of them would never end. */
export function findCircularReferences(definitions: ReadonlyMap<string, Definition>): Problem[] {
  const byName = new Map([...definitions.values()].map((definition) => [definition.typeName, definition] as const));
  const state = new Map<string, 'open' | 'done'>();
  const problems: Problem[] = [];
  const visit = (definition: Definition): void => {
    state.set(definition.typeName, 'open');
    for (const name of sameValueReferences(definition.schema)) {
      const next = byName.get(name);
      if (next === undefined || state.get(name) === 'done') continue;
      if (state.get(name) === 'open') {
        problems.push({
          code: 'circular-ref',
          place: next.document.place(next.path, 'key'),
          message: `The schema ${name} refers back to itself without a property or an item in between.`,
          fix: 'Break the circle, or refer from inside properties or items.',
        });
      } else visit(next);
    }
    state.set(definition.typeName, 'done');
  };
  for (const definition of byName.values()) if (!state.has(definition.typeName)) visit(definition);
  return problems;
}

function sameValueReferences(schema: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (!isObject(value)) return;
    if (value['$ref'] !== undefined) found.add(typeNameOf(value['$ref']));
    for (const keyword of SAME_VALUE) {
      const inner = value[keyword];
      if (Array.isArray(inner)) for (const item of inner) walk(item);
      else if (keyword === 'dependentSchemas' && isObject(inner)) for (const item of Object.values(inner)) walk(item);
      else walk(inner);
    }
  };
  walk(schema);
  return found;
}
