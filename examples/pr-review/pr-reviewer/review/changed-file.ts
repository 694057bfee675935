import type { Diff, DiffFile, Hunk } from './diff.js';
import { type Language, languageOf, type ScannedLine, scanLine } from './language.js';

/**
 * What a file is for, from its path. `tool`: scripts, command lines, examples, where printing is the purpose.
 * `generated`: written by a program, so no one reviews its style. `other`: documents, data, configuration.
 */
export type FileRole = 'source' | 'test' | 'tool' | 'generated' | 'other';

/** A line that the change adds. */
export interface AddedLine extends ScannedLine {
  /** Line of the new file, from 1. */
  readonly number: number;
  readonly text: string;
  /** The new file's next line, where the diff shows it. */
  readonly following: ScannedLine | null;
}

/** A file of the diff as the rules see it. */
export interface ChangedFile {
  /** The new name, or the old one of a deleted file. */
  readonly path: string;
  readonly role: FileRole;
  readonly language: Language | null;
  readonly status: DiffFile['status'];
  readonly binary: boolean;
  readonly added: readonly AddedLine[];
}

const TEST =
  /(?:^|\/)(?:tests?|__tests__|specs?|e2e|__mocks__|fixtures|testdata)\/|[._-](?:test|spec)s?\.\w+$|(?:Tests?|Spec)\.\w+$|(?:^|\/)(?:test_[^/]*|conftest)\.py$/;
const GENERATED =
  /(?:^|\/)(?:node_modules|dist|vendor|third_party|generated|__pycache__)\/|\.min\.(?:js|css)$|\.gen\.\w+$|\.pb\.go$|_pb2\.pyi?$/;
const TOOL =
  /(?:^|\/)(?:scripts?|bin|cli|cmd|tools?|examples?|demos?|bench(?:marks?)?|logg?(?:er|ing)?)(?:\/|\.\w+$)|\.config\.\w+$/;

function roleOf(path: string, language: Language | null): FileRole {
  if (GENERATED.test(path)) return 'generated';
  if (language === null) return 'other';
  if (TEST.test(path)) return 'test';
  return TOOL.test(path) ? 'tool' : 'source';
}

/** Prepares the files of a diff for the rules: roles, languages, and the added lines taken apart. */
export function changedFiles(diff: Diff): ChangedFile[] {
  return diff.files.map(({ oldPath, newPath, status, binary, hunks }) => {
    const path = newPath ?? oldPath ?? '';
    const language = languageOf(path);
    const role = roleOf(path, language);
    // Of generated code only the text is kept: rules about code have nothing to say to a program.
    const syntax = role === 'generated' ? null : language;
    return { path, role, language, status, binary, added: hunks.flatMap((hunk) => addedLines(hunk, syntax)) };
  });
}

function addedLines(hunk: Hunk, language: Language | null): AddedLine[] {
  let open = false;
  const lines = hunk.lines.flatMap((line) => {
    if (line.kind === 'removed') return [];
    const scanned = scanLine(line.text, language, open);
    open = scanned.open;
    return [{ ...scanned, added: line.kind === 'added', number: line.newLine, text: line.text }];
  });
  return lines.flatMap(({ added, ...line }, index) =>
    added ? [{ ...line, following: lines[index + 1] ?? null }] : [],
  );
}
