import { IN_PLACE } from './dialect.js';
import { isObject } from './json.js';
import { referencesOf, typeNameOf } from './model.js';
import type { Definition } from './normalize.js';
import type { Problem } from './problem.js';

/** In how many ways a check may come to look at one value; each step that refers twice doubles it. */
const MOST_WAYS = 10_000;

/**
 * Finds definitions whose check of one value would never end, since they lead back to themselves without a step into the
 * data, or would as good as never end, since they refer to others again and again.
 */
export function findEndlessChecks(definitions: ReadonlyMap<string, Definition>): Problem[] {
  const byName = new Map([...definitions.values()].map((definition) => [definition.typeName, definition] as const));
  const waysOf = new Map<string, number | 'open'>();
  const problems: Problem[] = [];
  const visit = (definition: Definition): number => {
    waysOf.set(definition.typeName, 'open');
    let ways = 1;
    for (const name of sameValueReferences(definition.schema)) {
      const next = byName.get(name);
      if (next === undefined) continue;
      const known = waysOf.get(name);
      if (known === 'open') problems.push(circle(next));
      else ways += known ?? visit(next);
    }
    // What refers to a definition with too many has too many as well, and is not reported again.
    if (ways > MOST_WAYS) problems.push(explosion(definition));
    waysOf.set(definition.typeName, ways > MOST_WAYS ? 1 : ways);
    return ways > MOST_WAYS ? 1 : ways;
  };
  for (const definition of byName.values()) if (!waysOf.has(definition.typeName)) visit(definition);
  return [...problems, ...findLongChains(byName)];
}

/** Through how many definitions in a row one may lead: every phase follows them by recursion. Real ones stay below 50. */
const MOST_IN_A_ROW = 500;

function findLongChains(byName: ReadonlyMap<string, Definition>): Problem[] {
  const lengths = new Map<string, number>();
  const problems: Problem[] = [];
  const visit = (definition: Definition): number => {
    // What leads back to a definition that is being looked at makes no row longer.
    lengths.set(definition.typeName, 0);
    let longest = 0;
    for (const name of referencesOf(definition.schema)) {
      const next = byName.get(name);
      if (next !== undefined) longest = Math.max(longest, lengths.get(name) ?? visit(next));
    }
    const isTooLong = longest >= MOST_IN_A_ROW;
    if (isTooLong) problems.push(longChain(definition));
    const length = isTooLong ? 0 : longest + 1;
    lengths.set(definition.typeName, length);
    return length;
  };
  for (const definition of byName.values()) if (!lengths.has(definition.typeName)) visit(definition);
  return problems.slice(0, 1);
}

function longChain({ typeName, document, path }: Definition): Problem {
  return {
    code: 'too-deep',
    place: document.place(path, 'key'),
    message: `${typeName} leads through more than ${MOST_IN_A_ROW} definitions, each of which refers to the next.`,
    fix: 'Shorten the chain of references.',
  };
}

function circle({ typeName, document, path }: Definition): Problem {
  return {
    code: 'circular-ref',
    place: document.place(path, 'key'),
    message: `The schema ${typeName} refers back to itself without a property or an item in between.`,
    fix: 'Break the circle, or refer from inside properties or items.',
  };
}

function explosion({ typeName, document, path }: Definition): Problem {
  return {
    code: 'too-deep',
    place: document.place(path, 'key'),
    message: `A check against ${typeName} would look at one value in more than ${MOST_WAYS} ways.`,
    fix: 'Refer to each definition once; definitions that refer twice to the next multiply.',
  };
}

function sameValueReferences(schema: unknown): string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (!isObject(value)) return;
    if (value['$ref'] !== undefined) found.push(typeNameOf(value['$ref']));
    for (const keyword of IN_PLACE) {
      const inner = value[keyword];
      if (Array.isArray(inner)) for (const item of inner) walk(item);
      else if (keyword === 'dependentSchemas' && isObject(inner)) for (const item of Object.values(inner)) walk(item);
      else walk(inner);
    }
  };
  walk(schema);
  return found;
}
