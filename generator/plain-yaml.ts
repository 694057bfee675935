/*
 * Most of a contract is written in a small part of YAML: block mappings and lists, short lists in brackets, and scalars on
 * one line. That part is read here, line by line, in a tenth of the time that a parser of all of YAML takes. Whatever is not
 * certain to be of it is not read at all: comments behind values, text over several lines, anchors, tags, tabs, any character
 * beyond ASCII, a key that stands twice.
 */

const PLAIN = /^[\n -~]*$/;
/** Far from any limit of depth or length, so that none has to be looked at here. */
const MAX_DEPTH = 50;
const ENTRY = /^([A-Za-z_$][\w$.-]{0,200}):(?: (?! )(.*))?$/;
const ITEM = /^- (?![ -])(.*)$/;

interface Line {
  readonly indent: number;
  readonly text: string;
}

/** The value of a text of that part; undefined for any other text, which may be YAML all the same. */
export function readPlainYaml(text: string): unknown {
  if (!PLAIN.test(text)) return undefined;
  const lines = text.split('\n').flatMap((line): Line[] => {
    const indent = line.search(/[^ ]/);
    return indent === -1 || line[indent] === '#' ? [] : [{ indent, text: line.slice(indent) }];
  });
  let next = 0;

  /** Reads what is indented so far. */
  const readBlock = (indent: number, depth: number): unknown => {
    const line = lines[next];
    if (line === undefined || line.indent !== indent || depth > MAX_DEPTH) return undefined;
    return line.text.startsWith('-') ? readList(indent, depth) : readMapping(indent, depth, line.text);
  };

  /** Reads a mapping whose first entry may stand behind the dash of a list. */
  const readMapping = (indent: number, depth: number, first: string): unknown => {
    const mapping: Record<string, unknown> = {};
    for (let entry = first; ; ) {
      next++;
      const [, name = '', inline] = ENTRY.exec(entry) ?? [];
      if (name === '' || name in mapping || readWord(name) !== name) return undefined;
      const value = inline === undefined ? readBelow(indent, depth) : readInline(inline);
      if (value === undefined) return undefined;
      mapping[name] = value;
      const line = lines[next];
      if (line === undefined || line.indent < indent) return mapping;
      if (line.indent > indent) return undefined;
      entry = line.text;
    }
  };

  /** Reads what stands below a key: further right, or a list right under it. */
  const readBelow = (indent: number, depth: number): unknown => {
    const line = lines[next];
    if (line === undefined || line.indent < indent) return undefined;
    if (line.indent === indent && !line.text.startsWith('- ')) return undefined;
    return readBlock(line.indent, depth + 1);
  };

  const readList = (indent: number, depth: number): unknown => {
    const list: unknown[] = [];
    for (;;) {
      const line = lines[next];
      if (line === undefined || line.indent < indent) return list;
      const [, inline] = ITEM.exec(line.text) ?? [];
      if (inline === undefined || line.indent > indent) {
        // Under a key the list may end where the next key stands.
        return inline === undefined && line.indent === indent && !line.text.startsWith('-') ? list : undefined;
      }
      const isMapping = ENTRY.test(inline);
      if (!isMapping) next++;
      const value = isMapping ? readMapping(indent + 2, depth + 1, inline) : readInline(inline);
      if (value === undefined) return undefined;
      list.push(value);
    }
  };

  const value = readBlock(0, 0);
  return next === lines.length ? value : undefined;
}

/** A value on one line. */
function readInline(text: string): unknown {
  if (!text.startsWith('[')) return readScalar(text);
  if (text === '[]') return [];
  if (!LIST.test(text)) return undefined;
  const items = (text.slice(1, -1).match(LIST_ITEMS) ?? []).map(readScalar);
  return items.includes(undefined) ? undefined : items;
}

function readScalar(text: string): unknown {
  if (DOUBLE_QUOTED.test(text)) return JSON.parse(text);
  if (SINGLE_QUOTED.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (NUMBER.test(text)) return Number(text);
  return WORDS.test(text) && !/: | #|[: ]$/.test(text) ? readWord(text) : undefined;
}

const DOUBLE_QUOTED = /^"(?:[^"\\]|\\["\\/bfnrt])*"$/;
const SINGLE_QUOTED = /^'(?:[^']|'')*'$/;
const NUMBER = /^(?:0|-?[1-9]\d{0,14}|-?(?:0|[1-9]\d{0,7})\.\d{1,7})$/;
/** Text without quotes, which no sign of YAML's begins. */
const WORDS = /^[A-Za-z_$/^(]/;
/** In a list, text without quotes is one word here. */
const LIST = /^\[(?:"(?:[^"\\]|\\["\\/bfnrt])*"|-?[\w.]+)(?:, ?(?:"(?:[^"\\]|\\["\\/bfnrt])*"|-?[\w.]+))*\]$/;
const LIST_ITEMS = /"(?:[^"\\]|\\.)*"|[^", ]+/g;

/** What plain text stands for; undefined for what different readers may take differently. */
function readWord(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return /^(?:true|false|null|__proto__)$/i.test(text) ? undefined : text;
}
