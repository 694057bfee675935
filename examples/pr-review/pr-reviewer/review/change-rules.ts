import type { ChangedFile } from './changed-file.js';
import type { Remark } from './rules.js';

interface Ecosystem {
  readonly manifest: string;
  readonly locks: readonly string[];
  /** A line of the manifest that names a dependency and its version. */
  readonly dependency: RegExp;
}

const ECOSYSTEMS: readonly Ecosystem[] = [
  {
    manifest: 'package.json',
    locks: ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
    dependency: /^\s*"(?!version"|node"|npm"|yarn"|pnpm"|vscode")[@\w./-]+":\s*"(?:[\^~>=<]|\d+\.|npm:|git\+|github:)/,
  },
  {
    manifest: 'Cargo.toml',
    locks: ['Cargo.lock'],
    dependency: /^(?!version\b|edition\b|rust-version\b)[\w-]+\s*=\s*(?:"[\^~=>]?\s*\d|\{.*\bversion\s*=)/,
  },
  { manifest: 'go.mod', locks: ['go.sum'], dependency: /^\s*(?:require\s+)?[\w-]+(?:\.[\w-]+)+\/\S+\s+v\d/ },
  { manifest: 'Gemfile', locks: ['Gemfile.lock'], dependency: /^\s*gem\s+["']/ },
  { manifest: 'composer.json', locks: ['composer.lock'], dependency: /^\s*"[\w.-]+\/[\w.-]+":\s*"[\^~>=<*\d]/ },
];

const LOCKS: ReadonlySet<string> = new Set(ECOSYSTEMS.flatMap(({ locks }) => locks));

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** Below or in the same folder: in a workspace one lock file serves the manifests of all packages under it. */
const covers = (lock: string, manifest: string): boolean => manifest.startsWith(folderOf(lock));

export function lockfileMismatches(files: readonly ChangedFile[]): Remark[] {
  return ECOSYSTEMS.flatMap(({ manifest, locks, dependency }) => {
    const manifests = files.filter(({ path }) => nameOf(path) === manifest);
    const changedLocks = files.filter(({ path, status }) => locks.includes(nameOf(path)) && status !== 'deleted');
    const alone = changedLocks
      .filter((lock) => !manifests.some(({ path }) => covers(lock.path, path)))
      .map((lock) => ({
        ...place(lock),
        message: `The lock file changes without a ${manifest}; say what moved and why.`,
      }));
    const unlocked = manifests.flatMap((file) => {
      const line = file.added.find(({ text }) => dependency.test(text));
      if (line === undefined || changedLocks.some((lock) => covers(lock.path, file.path))) return [];
      return [{ file: file.path, line: line.number, message: 'A dependency changes and the lock file does not.' }];
    });
    return [...alone, ...unlocked];
  });
}

const FEWEST_TESTABLE_LINES = 5;

/** One remark for the whole change, on the first source file that gains more than a few lines; less may rest on the tests there are. */
export function untestedChange(files: readonly ChangedFile[]): Remark[] {
  if (files.some(({ role, status }) => role === 'test' && status !== 'deleted')) return [];
  // Rust keeps its unit tests in the source file itself.
  const sources = files.filter(({ role, language }) => role === 'source' && language?.name !== 'rust');
  const untested = sources.find(({ added }) => {
    return added.filter(({ code }) => code.trim() !== '').length >= FEWEST_TESTABLE_LINES;
  });
  return untested ? [place(untested)] : [];
}

const MOST_LINES = 1000;
const BUILT = /(?:^|\/)(?:node_modules|dist|__pycache__)\/|\.min\.(?:js|css)$|\.(?:js|css)\.map$/;
const BUILT_BINARY = /\.(?:exe|dll|so|dylib|a|o|obj|class|jar|pyc|node|wasm|zip|gz|tgz|tar|7z)$/i;

export function bulkyFiles(files: readonly ChangedFile[]): Remark[] {
  return files.flatMap((file) => {
    if (file.status !== 'added' || LOCKS.has(nameOf(file.path))) return [];
    if (BUILT.test(file.path) || (file.binary && BUILT_BINARY.test(file.path))) {
      return [{ ...place(file), message: 'The file looks like the output of a build; keep it out of the repository.' }];
    }
    if (file.added.length <= MOST_LINES || file.role === 'generated') return [];
    return [
      { ...place(file), message: `The new file has ${file.added.length} lines; nobody reviews that many at once.` },
    ];
  });
}

/** Where a remark on the whole file stands: its first added line. */
function place(file: ChangedFile): { file: string; line: number } {
  return { file: file.path, line: file.added[0]?.number ?? 1 };
}
