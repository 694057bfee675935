import { isObject } from '../../json.js';
import type { LintContract, SchemaNode } from '../contract.js';
import { type LintRule, type Remark, remarkAt } from '../rule.js';

const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

function* capabilityNames({ document, capabilities }: LintContract): Iterable<Remark> {
  for (const { path, name } of capabilities) {
    if (KEBAB.test(name)) continue;
    yield {
      document,
      path: [...path, 'name'],
      message: `The name "${name}" is not in kebab-case.`,
      near: wordsOf(name).join('-'),
    };
  }
}

/** The words of a name, in lower case. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** The ways to write a name of several words. A name of one word in lower case is in every style. */
const STYLES: Readonly<Record<string, RegExp>> = {
  camelCase: /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/,
  snake_case: /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/,
  'kebab-case': /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/,
  PascalCase: /^[A-Z][a-z0-9]*(?:[A-Z][a-z0-9]*)*$/,
};

interface Property {
  readonly node: SchemaNode;
  readonly name: string;
  readonly style: string;
}

function* propertyNames({ schemas }: LintContract): Iterable<Remark> {
  const properties: Property[] = [];
  const counts = new Map<string, number>();
  for (const node of schemas) {
    const { properties: declared } = node.schema;
    for (const name of isObject(declared) ? Object.keys(declared) : []) {
      const style = Object.keys(STYLES).find((candidate) => STYLES[candidate]?.test(name));
      if (style === undefined) continue;
      properties.push({ node, name, style });
      counts.set(style, (counts.get(style) ?? 0) + 1);
    }
  }
  // Of two styles that are as frequent the first one stays, as the order of a Map has it.
  const [most] = [...counts].sort(([, left], [, right]) => right - left);
  for (const { node, name, style } of properties) {
    if (most === undefined || style === most[0]) continue;
    const message = `The property "${name}" is in ${style}, and most of this contract is in ${most[0]}.`;
    yield remarkAt(node, ['properties', name], message, { part: 'key' });
  }
}

function* errorCodes({ document, capabilities }: LintContract): Iterable<Remark> {
  for (const { path, value } of capabilities) {
    const errors: unknown[] = Array.isArray(value['errors']) ? value['errors'] : [];
    for (const [index, error] of errors.entries()) {
      const code = isObject(error) ? String(error['code']) : '';
      const words = code.split('_');
      const at = { document, path: [...path, 'errors', index, 'code'] };
      if (words.every((word) => NOTHING_SAID.has(word))) {
        yield { ...at, message: `The code "${code}" says that it is an error, which every code is.` };
      } else if (words.includes('')) {
        const near = words.filter((word) => word !== '').join('_');
        yield { ...at, message: `The code "${code}" is not words with one underscore between them.`, near };
      }
    }
  }
}

/** Words that say nothing by themselves, the empty one between two underscores included. */
const NOTHING_SAID: ReadonlySet<string> = new Set([
  ...['', 'E', 'ERR', 'ERROR', 'EXCEPTION', 'FAIL', 'FAILED', 'FAILURE', 'UNKNOWN'],
]);

/** Rules about how things are called. */
export const nameRules: readonly LintRule[] = [
  {
    id: 'capability-name',
    level: 'warning',
    meaning: 'The name of a capability is not in kebab-case.',
    why: 'Names of one form can be guessed, and files, tools and topics are named after them.',
    fix: 'Rename it while nobody calls it; later, add a capability with the better name and deprecate this one.',
    check: capabilityNames,
  },
  {
    id: 'property-name',
    level: 'warning',
    meaning: 'A property is named in another style than most of the contract.',
    why: 'Whoever writes a value by hand, models among them, takes the style of the properties seen so far.',
    fix: 'Write it in the style of the others while no payload has it.',
    check: propertyNames,
  },
  {
    id: 'error-code',
    level: 'warning',
    meaning: 'An error code has stray underscores, or is nothing but words such as ERROR and FAILED.',
    why: 'Callers compare codes as text, and a code should say only what went wrong.',
    fix: 'Write what went wrong, such as DIFF_TOO_LARGE.',
    check: errorCodes,
  },
];
