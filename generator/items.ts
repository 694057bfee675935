import { isTooLarge, MAX_VALUES, type ParseResult, parseSource, type SourceDocument } from './document.js';
import { hashOf } from './hash.js';
import { isObject, type JsonObject } from './json.js';
import { ITEMS_KEY, parseEach, UNDER_KEY } from './parse-items.js';
import { readPlainYaml } from './plain-yaml.js';
import type { Place } from './problem.js';

/*
 * A large capabilities file is one long list, and an edit touches one of its items. So the items are parsed one by one,
 * and one that has been compiled before is not parsed at all. Places are looked for only once somebody asks for one.
 */

/** A document that was parsed item by item. */
export interface ItemizedDocument {
  /** Its value lacks the items that are left out. */
  readonly document: SourceDocument;
  /** The hash of all that is not an item. */
  readonly skeleton: string;
  /** Every item of the file, in order. */
  readonly items: readonly { readonly hash: string; readonly isLeftOut: boolean }[];
}

/** Below this many characters one parse of the whole is as fast, and so it is where there are few items. */
const LARGE = 32_768;
const MANY = 4;

/**
 * Parses a file as {@link parseSource} does, item by item, without those that `isKnown` knows; null where that cannot be
 * done, or where there is a problem that only the whole can place. One item is parsed at least.
 */
export function parseItems(
  file: string,
  text: string,
  isKnown: (skeleton: string, item: string) => boolean,
): ItemizedDocument | null {
  const split = text.length < LARGE || mayHoldTooMuch(text) ? null : splitItems(text);
  if (split === null || split.items.length > MOST_CAPABILITIES) return null;
  const skeleton = readSkeleton(file, split);
  if (skeleton === null) return null;
  const hash = hashOf(split.skeleton);
  const hashes = split.items.map((item) => hashOf(item.above + item.text));
  const known = hashes.map((item) => isKnown(hash, item));
  if (!known.includes(false)) known[0] = false;
  const parsed = split.items.filter((_, index) => known[index] === false);
  const values = parseEach(
    file,
    parsed.map((item) => item.text),
  );
  const whole = { ...skeleton.value, [ITEMS_KEY]: values };
  if (values.includes(undefined) || isTooLarge(whole)) return null;
  const items = hashes.map((item, index) => ({ hash: item, isLeftOut: known[index] === true }));
  const place = createPlacer(file, skeleton.place, split, parsed);
  return { document: { file, text, value: whole, place }, skeleton: hash, items };
}

interface Skeleton {
  readonly value: JsonObject;
  readonly place: SourceDocument['place'];
}

/** Null where the items are not the value of a key of the outermost mapping. */
function readSkeleton(file: string, { skeleton, line }: Split): Skeleton | null {
  let parsed: ParseResult | undefined;
  const parse = (): ParseResult => {
    parsed ??= parseSource(file, skeleton);
    return parsed;
  };
  const lines = skeleton.split('\n');
  // No text of that part of YAML spans lines, so what looks like the key is the key.
  const plain = readPlainYaml(lines.with(line - 1, `${ITEMS_KEY}: null`).join('\n'));
  if (isObject(plain)) return { value: plain, place: (path, part) => parse().document.place(path, part) };
  const { document, problems } = parse();
  const { value, place } = document;
  if (problems.length > 0 || !isObject(value) || value[ITEMS_KEY] !== null) return null;
  return place([ITEMS_KEY], 'key').line === line ? { value, place } : null;
}

function createPlacer(
  file: string,
  placeInSkeleton: SourceDocument['place'],
  { line, removed, first }: Split,
  parsed: readonly Item[],
): SourceDocument['place'] {
  const documents = new Map<Item, SourceDocument>();
  return (path, part) => {
    const isList = path[0] === ITEMS_KEY && (path.length > 1 || part !== 'key');
    const item = isList && path.length > 1 ? parsed[Number(path[1])] : undefined;
    if (item !== undefined) {
      const document = documents.get(item) ?? parseSource(file, UNDER_KEY + item.text).document;
      documents.set(item, document);
      const found = document.place([ITEMS_KEY, 0, ...path.slice(2)], part);
      return { ...found, line: found.line + item.line - FIRST_LINE };
    }
    if (isList) return { file, ...first };
    const found = placeInSkeleton(path, part);
    return found.line <= line ? found : { ...found, line: found.line + removed };
  };
}

/** The line of an item where it is parsed by itself. */
const FIRST_LINE = 2;

/** The comments and empty lines right above an offset, back to another. */
function commentsAbove(text: string, offset: number, back: number): string {
  let first = offset;
  while (first > back) {
    const line = text.lastIndexOf('\n', first - 2) + 1;
    if (!/^\s*(?:#|$)/.test(text.slice(line, first - 1))) break;
    first = line;
  }
  return first === offset ? '' : text.slice(first, offset - 1);
}

/** As many as a contract may have: one that has more is for the whole to refuse. */
const MOST_CAPABILITIES = 2000;

/**
 * Whether a text may hold more values than a document may, which no item knows of by itself: each value stands behind one
 * of these signs, or is written out by an alias.
 */
function mayHoldTooMuch(text: string): boolean {
  // A value takes two characters at least, its sign and itself or a bracket that closes it.
  if (text.length >= 2 * MAX_VALUES && (text.match(/[[{,:\n-]/g)?.length ?? 0) >= MAX_VALUES) return true;
  return ALIAS.test(text) && ANCHOR.test(text);
}

/* What stands before is looked at last, since these signs are few. */
const ALIAS = /\*(?<=[\s,[{:-]\*)[^\s*]/;
const ANCHOR = /&(?<=[\s,[{:-]&)[^\s&]/;

interface Item {
  /** Its lines, the comments and empty lines behind it included. */
  readonly text: string;
  /** The comments right above it, which may be about it. */
  readonly above: string;
  /** The number of its first line. */
  readonly line: number;
}

interface Split {
  /** The file without its items. */
  readonly skeleton: string;
  /** How many lines it lacks. */
  readonly removed: number;
  /** The number of the line that the items stand under. */
  readonly line: number;
  readonly items: readonly Item[];
  /** Where the list begins. */
  readonly first: Omit<Place, 'file'>;
}

/**
 * Cuts the items out. An item begins where a dash stands as far to the right as that of the first, and ends before a line
 * that begins further left. What spans such a line, such as an open quote, leaves an item that does not parse.
 */
function splitItems(text: string): Split | null {
  // A lone carriage return ends a line too, and is more trouble than it is worth.
  if (text.includes('\r')) return null;
  const owner = /(?<![^\n])capabilities:[ \t]*(?:#[^\n]*)?(?![^\n])/.exec(text);
  if (owner === null) return null;
  const ownerEnd = owner.index + owner[0].length;
  const ownerLine = text.slice(0, ownerEnd).split('\n').length;
  const starts: { readonly offset: number; readonly line: number }[] = [];
  let indent = -1;
  /** How a line begins that begins further right. */
  let deeper = '\n';
  let line = ownerLine + 1;
  let offset = ownerEnd + 1;
  // Without an array of all lines, which are many.
  for (; offset <= text.length; offset = endOfLine(text, offset) + 1, line++) {
    if (text.startsWith(deeper, offset)) continue;
    let first = offset;
    while (text[first] === ' ') first++;
    const sign = text[first] ?? '\n';
    if (sign === '\n' || sign === '#') continue;
    if (indent === -1) {
      indent = first - offset;
      deeper = ' '.repeat(indent + 1);
    }
    const isItem = first === offset + indent && sign === '-' && ' \n'.includes(text[first + 1] ?? '\n');
    if (!isItem) break;
    starts.push({ offset, line });
  }
  const [begin] = starts.length < MANY ? [] : starts;
  // Further right than the outermost keys it may be a value of the key that the list belongs to.
  if (begin === undefined || text[offset] === ' ') return null;
  const items = starts.map((start, index) => {
    const next = starts[index + 1]?.offset ?? offset;
    return {
      text: next > text.length ? `${text.slice(start.offset)}\n` : text.slice(start.offset, next),
      above: commentsAbove(text, start.offset, ownerEnd + 1),
      line: start.line,
    };
  });
  // Comments and empty lines before the first item go as well, so that all that is removed stands in one place.
  const rest = offset > text.length ? '' : `\n${text.slice(offset)}`;
  return {
    skeleton: text.slice(0, ownerEnd) + rest,
    removed: line - ownerLine - 1,
    line: ownerLine,
    items,
    first: { line: begin.line, column: indent + 1 },
  };
}

/** The offset of the line feed, or of the end of the text. */
function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end;
}
