import { isObject, type Path } from '../json.js';
import { canonical } from './canonical.js';
import type { Change } from './change.js';
import type { SchemaPair } from './compare-schemas.js';
import { describeValue } from './describe-value.js';
import type { RuleId } from './rules.js';
import { conjunctionOf, inner, keyword, members, named, type SchemaNode } from './schema-node.js';
import { placeOf, standingOf, type Version } from './version.js';

/** What a property says besides what it accepts, by keyword. */
const TEXTS = ['description', 'title'] as const;

/** Finds what has happened to the properties that schemas declare: gone, or meaning something else. */
export function compareFields(older: Version, newer: Version, pair: SchemaPair): Change[] {
  const changes: Change[] = [];
  const seen = new Set<string>();

  const note = (rule: RuleId, path: Path, message: Change['message'], sides: Sides, word: string): void => {
    const inside = word === '' ? [] : [word];
    const standing = standingOf(newer, sides.newer, inside);
    changes.push({
      rule,
      capabilities: [pair.capability],
      trail: [...pair.trail, ...path, ...inside],
      ...(standing === undefined ? {} : { anchor: standing }),
      message,
      place: placeOf(newer, sides.newer, inside, [...pair.newPath, ...path]),
      related: { place: placeOf(older, sides.older, inside, [...pair.oldPath, ...path]), message: 'It was' },
      before: said(sides.older, word) ?? null,
      after: said(sides.newer, word) ?? null,
    });
  };

  const compareTexts = (sides: Sides, path: Path, subject: Change['message']): void => {
    for (const word of TEXTS) {
      const [before, after] = [said(sides.older, word), said(sides.newer, word)];
      if (before === undefined || canonical(before) === canonical(after)) continue;
      const what = after === undefined ? `has no ${word} any more` : `has another ${word}`;
      note('description-changed', path, (whose) => `${subject(whose)} ${what}.`, sides, word);
    }
    const [before, after] = [said(sides.older, 'default'), said(sides.newer, 'default')];
    // A default that is new says what was left open.
    if (before !== undefined && canonical(before) !== canonical(after)) {
      const now = after === undefined ? 'has none any more' : `is ${describeValue(after)} now`;
      note(
        'default-changed',
        path,
        (whose) => `The default of ${lower(subject(whose))} ${now}; it was ${describeValue(before)}.`,
        sides,
        'default',
      );
    }
    if (said(sides.older, 'x-redact') === true && said(sides.newer, 'x-redact') !== true) {
      note('redact-removed', path, (whose) => `${subject(whose)} is no longer kept out of logs.`, sides, 'x-redact');
    }
    if (said(sides.older, 'deprecated') !== true && said(sides.newer, 'deprecated') === true) {
      note('deprecated-added', path, (whose) => `${subject(whose)} is deprecated.`, sides, 'deprecated');
    }
  };

  const compare = (sides: Sides, path: Path): void => {
    const [before, after] = [everywhere(sides.older), everywhere(sides.newer)];
    const key = `${before.map(({ id }) => id).join()} ${after.map(({ id }) => id).join()}`;
    if (seen.has(key)) return;
    seen.add(key);
    const properties = propertiesOf(after);
    for (const [name, old] of propertiesOf(before)) {
      const at = [...path, 'properties', name];
      const now = properties.get(name);
      if (now === undefined) {
        const rule = pair.direction === 'input' ? 'input-property-removed' : 'output-property-removed';
        const message = (whose: string): string =>
          `The property "${name}" of ${pair.title(whose)} is no longer declared.`;
        note(rule, at, message, { older: old, newer: after }, '');
        continue;
      }
      const next = { older: old, newer: now };
      compareTexts(next, at, (whose) => `The property "${name}" of ${pair.title(whose)}`);
      compare(next, at);
    }
    for (const word of ['items', 'additionalProperties']) {
      const next = { older: innerOf(before, word), newer: innerOf(after, word) };
      if (next.older.length > 0 && next.newer.length > 0) compare(next, [...path, word]);
    }
  };

  const roots = { older: [pair.older], newer: [pair.newer] };
  compareTexts(roots, [], (whose) => capitalised(pair.title(whose)));
  compare(roots, []);
  return changes;
}

interface Sides {
  readonly older: readonly SchemaNode[];
  readonly newer: readonly SchemaNode[];
}

/** The schemas that look at the same value, those of a branch included. */
function everywhere(nodes: readonly SchemaNode[]): SchemaNode[] {
  const found = new Set<SchemaNode>();
  const add = (node: SchemaNode): void => {
    if (found.has(node)) return;
    found.add(node);
    for (const each of conjunctionOf([node]).nodes) add(each);
    for (const word of ['anyOf', 'oneOf']) for (const branch of members(node, word)) add(branch);
    for (const word of ['then', 'else']) {
      const branch = inner(node, word);
      if (branch !== null) add(branch);
    }
  };
  for (const node of nodes) add(node);
  return [...found];
}

function propertiesOf(nodes: readonly SchemaNode[]): Map<string, SchemaNode[]> {
  const found = new Map<string, SchemaNode[]>();
  for (const node of nodes) {
    for (const [name, schema] of named(node, 'properties')) {
      if (schema.schema !== false) found.set(name, [...(found.get(name) ?? []), schema]);
    }
  }
  return found;
}

function innerOf(nodes: readonly SchemaNode[], word: string): SchemaNode[] {
  return nodes.map((node) => inner(node, word)).filter((node) => node !== null);
}

/** What the schemas, or those that they refer to, hold under a keyword: the first that has it. */
function said(nodes: readonly SchemaNode[], word: string): unknown {
  const all = nodes.flatMap((node) => [node, ...conjunctionOf([node]).nodes]);
  const first = all.find((node) => isObject(node.schema) && keyword(node, word) !== undefined);
  return first === undefined ? undefined : keyword(first, word);
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
