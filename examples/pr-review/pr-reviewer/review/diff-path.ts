/** The old and the new name in a header; null is `/dev/null`, a file that is not there. */
export interface PathPair {
  readonly oldPath: string | null;
  readonly newPath: string | null;
}

const NOWHERE = '/dev/null';
const QUOTED = /^"([^"\\]*(?:\\.[^"\\]*)*)"/s;
const ESCAPE = /\\([0-3][0-7]{2}|.)/gs;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ...[...'"\\'].map((char): [string, string] => [char, char]),
  ...[...'abtnvfr'].map((char, index): [string, string] => [char, '\x07\b\t\n\v\f\r'[index] ?? '']),
]);

/** Reads a name that git may have put in quotes, as C would; null when the quoting is broken. */
function unquote(text: string): { readonly name: string; readonly rest: string } | null {
  const body = QUOTED.exec(text)?.[1];
  if (body === undefined) return null;
  let broken = false;
  // Escapes stand for bytes, several to a character, so the name is put together as bytes.
  const bytes = Buffer.from(body, 'utf8')
    .toString('latin1')
    .replace(ESCAPE, (_, code: string) => {
      if (code.length === 3) return String.fromCharCode(Number.parseInt(code, 8));
      broken ||= !ESCAPED.has(code);
      return ESCAPED.get(code) ?? '';
    });
  return broken ? null : { name: Buffer.from(bytes, 'latin1').toString('utf8'), rest: text.slice(body.length + 2) };
}

/** The name in a header line that holds one: up to a tab, behind which `diff -u` writes a time. Null when broken. */
export function readName(text: string): string | null {
  if (text.startsWith('"')) return unquote(text)?.name ?? null;
  const name = text.split('\t', 1)[0] ?? '';
  return name === '' ? null : name;
}

/**
 * The name in `diff --git a/NAME b/NAME`, or null when the two differ: then it is a rename, or a diff of two folders,
 * and other header lines say the names. NAME may hold spaces, but equal names put the one that separates them in the
 * middle of the text.
 */
export function readGitName(text: string): string | null {
  const [first, second] = text.startsWith('"') ? splitQuoted(text) : splitInTheMiddle(text);
  if (first === undefined || second === undefined) return null;
  // With `--no-prefix` the two are the same text; otherwise they differ in the first component only.
  if (first === second) return first;
  const name = withoutFirstFolder(first);
  return name === withoutFirstFolder(second) ? name : null;
}

function splitQuoted(text: string): string[] {
  const first = unquote(text);
  if (!first?.rest.startsWith(' ')) return [];
  const second = unquote(first.rest.slice(1));
  return second === null ? [] : [first.name, second.name];
}

function splitInTheMiddle(text: string): string[] {
  const middle = (text.length - 1) / 2;
  return text[middle] === ' ' ? [text.slice(0, middle), text.slice(middle + 1)] : [];
}

function withoutFirstFolder(path: string): string | null {
  const slash = path.indexOf('/');
  return slash < 0 || slash === path.length - 1 ? null : path.slice(slash + 1);
}

/** The names of the `---` and `+++` lines, without `a/` and `b/` where both have them; null when one cannot be read. */
export function readPathPair(oldText: string, newText: string): PathPair | null {
  const oldName = readName(oldText);
  const newName = readName(newText);
  if (oldName === null || newName === null || (oldName === NOWHERE && newName === NOWHERE)) return null;
  const prefixed =
    (oldName === NOWHERE || oldName.startsWith('a/')) && (newName === NOWHERE || newName.startsWith('b/'));
  const strip = (name: string): string | null => (name === NOWHERE ? null : prefixed ? name.slice(2) : name);
  return { oldPath: strip(oldName), newPath: strip(newName) };
}
