import { createRequire } from 'node:module';
import type { CST, Document, Node, Pair, ParsedNode, YAMLMap } from 'yaml';
import type { Path } from './json.js';
import type { Place, Problem, ProblemCode } from './problem.js';

const require = createRequire(import.meta.url);

let library: typeof import('yaml') | undefined;

/** The library is loaded with the first text that needs it: many runs read none but those that they know. */
function yaml(): typeof import('yaml') {
  library ??= require('yaml') as typeof import('yaml');
  return library;
}

/** How deep a contract may nest; real ones stay under 30, and every walk in this room recurses. */
const MAX_DEPTH = 100;

/** A parsed file that can say where each of its values stands. */
export interface SourceDocument {
  /** The file's name in messages: its path relative to the agent's folder, with `/`. */
  readonly file: string;
  readonly text: string;
  /** The document as plain JSON data. */
  readonly value: unknown;
  /** Where the value at `path` stands, or its key; the nearest enclosing value where there is none at `path`. */
  place(path: Path, part?: 'key' | 'value'): Place;
}

export interface ParseResult {
  readonly document: SourceDocument;
  readonly problems: readonly Problem[];
}

type Failed = (code: ProblemCode, message: string, fix: string, at?: Place) => ParseResult;

/** Parses one YAML (or JSON) file. With problems, `document.value` may lack parts and is only good for places. */
export function parseSource(file: string, text: string): ParseResult {
  const { LineCounter, Parser } = yaml();
  const lineCounter = new LineCounter();
  const placeAt = (start: number, end?: number): Place => {
    const { line, col } = lineCounter.linePos(start);
    if (end === undefined) return { file, line, column: col };
    const last = lineCounter.linePos(end);
    return last.line === line && last.col > col
      ? { file, line, column: col, endColumn: last.col }
      : { file, line, column: col };
  };
  const failed: Failed = (code, message, fix, at = { file, line: 1, column: 1 }) => ({
    document: { file, text, value: undefined, place: () => ({ file, line: 1, column: 1 }) },
    problems: [{ code, place: at, message, fix }],
  });

  const tokens = [...new Parser(lineCounter.addNewLine).parse(text)];
  const deepest = offsetBeyondDepth(tokens);
  if (deepest !== null) {
    const message = `The document nests deeper than ${MAX_DEPTH} levels.`;
    return failed(
      'too-deep',
      message,
      'Move inner schemas to definitions and refer to them with $ref.',
      placeAt(deepest),
    );
  }
  const [root, second] = composeDocuments(tokens, text);
  if (root === undefined) return { document: { file, text, value: null, place: () => placeAt(0) }, problems: [] };
  const problems: Problem[] = [...root.errors, ...root.warnings].map((issue) => ({
    code: 'yaml-syntax',
    place: placeAt(issue.pos[0]),
    message: `This is not well-formed YAML: ${issue.message.replace(/\s+/g, ' ').replace(/\.?$/, '.')}`,
    fix: isVariableWithoutQuotes(text, issue.pos[0])
      ? 'Put the value in quotes: within { } and [ ] a variable is written as "${env:NAME}".'
      : 'Correct the YAML at the marked place.',
  }));
  if (second !== undefined) {
    const message = 'A second document begins here, and the file may hold one only.';
    problems.push({ code: 'yaml-syntax', place: placeAt(second.range[0]), message, fix: 'Remove it, or the "---".' });
  }
  // The directive would bring back the types of YAML 1.1, such as dates and sets, which have no form in JSON.
  if (root.directives.yaml.version !== '1.2') {
    const message = `The file asks for YAML ${root.directives.yaml.version}, and contracts are YAML 1.2.`;
    problems.push({ code: 'yaml-syntax', place: placeAt(0), message, fix: 'Remove the %YAML directive.' });
  }
  const contents = root.contents as ParsedNode | null;
  const place = (path: Path, part: 'key' | 'value' = 'value'): Place => {
    const range = rangeOf(root, contents, path, part);
    return range === null ? { file, line: 1, column: 1 } : placeAt(range[0], range[1]);
  };
  if (problems.length > 0) return { document: { file, text, value: undefined, place }, problems };
  const inspection = inspect(contents, placeAt);
  if (inspection.length > 0) return { document: { file, text, value: undefined, place }, problems: inspection };
  try {
    const value: unknown = root.toJS({ maxAliasCount: 1000 });
    if (!isTooLarge(value)) return { document: { file, text, value, place }, problems: [] };
    const message = `With its aliases written out the document has more than ${MAX_DEPTH} levels or ${MAX_VALUES} values.`;
    return failed('too-deep', message, 'Refer to definitions with $ref instead of repeating values through aliases.');
  } catch (error) {
    // Aliases that multiply ("billion laughs") end here.
    const message = `The document cannot be expanded: ${error instanceof Error ? error.message : String(error)}.`;
    return failed('yaml-syntax', message, 'Write the values out instead of repeating them through aliases.');
  }
}

/** How many values a contract may hold; a file of 4 MiB without aliases has fewer. */
export const MAX_VALUES = 1_000_000;

/** What begins with { is a mapping in a flow collection, and YAML says no more than that the text around it is no such thing. */
function isVariableWithoutQuotes(text: string, position: number): boolean {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  const end = text.indexOf('\n', position);
  return /[\s[{,:]\$\{env:/.test(text.slice(start, end === -1 ? undefined : end));
}

/** Whether aliases make a document endless, or deeper or larger than its text. */
export function isTooLarge(value: unknown): boolean {
  let count = 0;
  const walk = (node: unknown, depth: number): boolean => {
    if (depth > MAX_DEPTH || ++count > MAX_VALUES) return true;
    return typeof node === 'object' && node !== null && Object.values(node).some((inner) => walk(inner, depth + 1));
  };
  return walk(value, 0);
}

/** The library's own check of key uniqueness takes quadratic time; inspect() does it in one pass. */
const OPTIONS = {
  ...({ version: '1.2', schema: 'core', resolveKnownTags: false } as const),
  ...({ uniqueKeys: false, prettyErrors: false, stringKeys: true, logLevel: 'error' } as const),
};

function composeDocuments(tokens: readonly CST.Token[], text: string): Document.Parsed[] {
  const { Composer } = yaml();
  return [...new Composer(OPTIONS).compose(tokens, true, text.length)];
}

/** Where the file first nests too deeply for those who recurse through it, the library's composer among them. */
function offsetBeyondDepth(tokens: readonly CST.Token[]): number | null {
  const queue = tokens.map((token) => ({ token, depth: token.type === 'document' ? -1 : 0 })).reverse();
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    const items = 'items' in token ? token.items : token.type === 'document' ? [{ value: token.value }] : [];
    for (const { key, value } of [...items].reverse() as CST.CollectionItem[]) {
      for (const inner of [value, key]) if (inner) queue.push({ token: inner, depth: depth + 1 });
    }
  }
  return null;
}

/** Finds keys that stand twice, and values without a form in JSON or UTF-8, in time linear in the size of the file. */
function inspect(contents: Node | null, placeAt: (start: number, end?: number) => Place): Problem[] {
  const { isMap, isScalar, isSeq } = yaml();
  const problems: Problem[] = [];
  const at = (node: unknown): Place => {
    const range = (node as Node).range;
    return range ? placeAt(range[0], range[1]) : placeAt(0);
  };
  const inspectText = (node: unknown): void => {
    // An escape such as "\\ud800" can write half a character, which no UTF-8 file and no message can hold.
    if (!isScalar(node) || typeof node.value !== 'string' || !/\p{Surrogate}/u.test(node.value)) return;
    problems.push({
      code: 'not-json',
      place: at(node),
      message: 'This text holds half of a character, an escape from \\ud800 to \\udfff on its own.',
      fix: 'Write the whole character, or remove the escape.',
    });
  };
  const walk = (node: unknown): void => {
    if (isMap(node)) {
      const seen = new Map<string, unknown>();
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : '';
        if (seen.has(key)) {
          problems.push({
            code: 'duplicate-key',
            place: at(pair.key),
            message: `The key "${key}" stands twice in this mapping.`,
            fix: 'Keep one of the two, or rename one.',
            related: { place: at(seen.get(key)), message: 'The first one stands at' },
          });
        }
        seen.set(key, pair.key);
        inspectText(pair.key);
        walk(pair.value);
      }
    } else if (isSeq(node)) {
      for (const item of node.items) walk(item);
    } else if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
      problems.push({
        code: 'not-json',
        place: at(node),
        message: `The number ${node.source ?? node.value} has no JSON form.`,
        fix: 'Write a finite number, or quote it to make it a string.',
      });
    } else if (isScalar(node)) inspectText(node);
  };
  walk(contents);
  return problems;
}

type Range = readonly [number, number];

function rangeOf(root: Document.Parsed, contents: Node | null, path: Path, part: 'key' | 'value'): Range | null {
  const { isAlias, isMap, isSeq } = yaml();
  let node: unknown = contents;
  let range: Range | null = rangeOfNode(contents);
  for (const [index, token] of path.entries()) {
    if (isAlias(node)) node = node.resolve(root);
    if (isMap(node)) {
      const pair = pairsOf(node).get(String(token));
      if (pair === undefined) return range;
      const isLast = index === path.length - 1;
      node = pair.value;
      range = (isLast && part === 'key' ? null : rangeOfNode(node)) ?? rangeOfNode(pair.key) ?? range;
    } else if (isSeq(node)) {
      node = node.items[Number(token)];
      range = rangeOfNode(node) ?? range;
    } else {
      return range;
    }
  }
  return range;
}

const pairsByMap = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

/** The pairs of a mapping by key, so that thousands of places in one mapping are not looked for one by one. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  const known = pairsByMap.get(map);
  if (known !== undefined) return known;
  const { isScalar } = yaml();
  const pairs = new Map<string, Pair>();
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : null;
    if (key !== null && !pairs.has(key)) pairs.set(key, pair);
  }
  pairsByMap.set(map, pairs);
  return pairs;
}

function rangeOfNode(node: unknown): Range | null {
  const range = (node as Node | null | undefined)?.range;
  return range ? [range[0], range[1]] : null;
}
