import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';
import type { Place, Problem, ProblemCode } from './problem.js';

/** How deep a contract may nest; real ones stay under 30, and every walk in this room recurses. */
const MAX_DEPTH = 100;

/** Keys and indexes from the root of a document to a node. */
export type Path = readonly (string | number)[];

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

  let root: ReturnType<typeof parseDocument>;
  try {
    // The library's own check of key uniqueness takes quadratic time; inspect() does it in one pass.
    root = parseDocument(text, {
      lineCounter,
      uniqueKeys: false,
      prettyErrors: false,
      stringKeys: true,
      logLevel: 'error',
    });
  } catch (error) {
    if (error instanceof RangeError) return tooDeep(failed);
    throw error;
  }
  const problems: Problem[] = [...root.errors, ...root.warnings].map((issue) => ({
    code: 'yaml-syntax',
    place: placeAt(issue.pos[0]),
    message: `This is not well-formed YAML: ${issue.message.replace(/\s+/g, ' ').replace(/\.?$/, '.')}`,
    fix: 'Correct the YAML at the marked place.',
  }));
  const contents = root.contents as ParsedNode | null;
  const place = (path: Path, part: 'key' | 'value' = 'value'): Place => {
    const range = rangeOf(root, contents, path, part);
    return range === null ? { file, line: 1, column: 1 } : placeAt(range[0], range[1]);
  };
  if (problems.length > 0) return { document: { file, text, value: undefined, place }, problems };
  const inspection = inspect(contents, placeAt);
  if ('tooDeepAt' in inspection) return tooDeep(failed, inspection.tooDeepAt);
  if (inspection.length > 0) return { document: { file, text, value: undefined, place }, problems: inspection };
  try {
    return { document: { file, text, value: root.toJS({ maxAliasCount: 1000 }), place }, problems: [] };
  } catch (error) {
    // Aliases that multiply ("billion laughs") end here.
    const message = `The document cannot be expanded: ${error instanceof Error ? error.message : String(error)}.`;
    return failed('yaml-syntax', message, 'Write the values out instead of repeating them through aliases.');
  }
}

function tooDeep(failed: Failed, at?: Place): ParseResult {
  return failed(
    'too-deep',
    `The document nests deeper than ${MAX_DEPTH} levels.`,
    'Move inner schemas to definitions and refer to them with $ref.',
    at,
  );
}

/** Finds keys that stand twice, and values without a form in JSON or UTF-8, in time linear in the size of the file. */
function inspect(
  contents: Node | null,
  placeAt: (start: number, end?: number) => Place,
): Problem[] | { readonly tooDeepAt: Place } {
  const problems: Problem[] = [];
  let tooDeepAt: Place | null = null;
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
  const walk = (node: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) {
      tooDeepAt ??= at(node);
      return;
    }
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
        walk(pair.value, depth + 1);
      }
    } else if (isSeq(node)) {
      for (const item of node.items) walk(item, depth + 1);
    } else if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
      problems.push({
        code: 'not-json',
        place: at(node),
        message: `The number ${node.source ?? node.value} has no JSON form.`,
        fix: 'Write a finite number, or quote it to make it a string.',
      });
    } else if (isScalar(node)) inspectText(node);
  };
  walk(contents, 0);
  return tooDeepAt === null ? problems : { tooDeepAt };
}

type Range = readonly [number, number];

function rangeOf(
  root: ReturnType<typeof parseDocument>,
  contents: Node | null,
  path: Path,
  part: 'key' | 'value',
): Range | null {
  let node: unknown = contents;
  let range: Range | null = rangeOfNode(contents);
  for (const [index, token] of path.entries()) {
    if (isAlias(node)) node = node.resolve(root);
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(token),
      );
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

function rangeOfNode(node: unknown): Range | null {
  const range = (node as Node | null | undefined)?.range;
  return range ? [range[0], range[1]] : null;
}

/** A JSON Pointer (RFC 6901) as a path. */
export function pathOfPointer(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A path as a JSON Pointer (RFC 6901). */
export function pointerOfPath(path: Path): string {
  return path.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
