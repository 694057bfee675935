import path from 'node:path';
import type { SourceDocument } from './document.js';
import { isObject } from './json.js';

/** The files around a contract. Paths are relative to its folder, with `/`. */
export interface FilesAround {
  /** Whether there is such a file that may be read. */
  has(relative: string): boolean;
  /** Null, with problems noted, where it cannot be read. */
  read(relative: string): SourceDocument | null;
}

export interface Followed {
  /** By path, the contract itself included. */
  readonly byPath: Map<string, SourceDocument>;
  /** The paths that something refers to and that there are not, or that may not be read. */
  readonly passedOver: readonly string[];
}

/** Reads every file that a contract refers to, and that these refer to in turn; `name` is the path of the contract. */
export function followReferences(main: SourceDocument, name: string, { has, read }: FilesAround): Followed {
  const byPath = new Map<string, SourceDocument>([[name, main]]);
  const passedOver = new Set<string>();
  const queue = [{ document: main, folder: '' }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const reference of fileReferences(next.document.value)) {
      const relative = path.posix.normalize(path.posix.join(next.folder, reference));
      if (byPath.has(relative)) continue;
      if (!has(relative)) {
        passedOver.add(relative);
        continue;
      }
      const document = read(relative);
      if (document === null) continue;
      byPath.set(relative, document);
      const folder = path.posix.dirname(relative);
      queue.push({ document, folder: folder === '.' ? '' : folder });
    }
  }
  return { byPath, passedOver: [...passedOver] };
}

/** The relative file parts of every `$ref` in a document; more than its schemas hold, which does no harm. */
function fileReferences(value: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (node: unknown, isNames = false): void => {
    if (Array.isArray(node)) {
      for (const item of node) walk(item);
    } else if (isObject(node)) {
      const reference = node['$ref'];
      if (typeof reference === 'string') {
        const file = decodePath(reference.split('#', 1)[0] ?? '');
        if (file !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(file)) found.add(file);
      }
      for (const [key, item] of Object.entries(node)) {
        // Under `properties` a name is a name, and what it leads to is a schema.
        if (isNames || !DATA_KEYWORDS.has(key)) walk(item, NAME_KEYWORDS.has(key));
      }
    }
  };
  walk(value);
  return found;
}

/** What stands under these is data, in which a `$ref` means nothing. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'example']);

/** What stands under these has names of the contract's own as keys. */
const NAME_KEYWORDS: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'],
]);

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
