/** What happened to a file. A change of mode alone is `modified`, with no hunks. */
export type FileStatus = 'added' | 'deleted' | 'modified' | 'renamed' | 'copied';

/** A line of a hunk, without its mark and its line ending. `noNewline`: the file ends here without a line feed. */
export type DiffLine =
  | {
      readonly kind: 'context';
      readonly text: string;
      readonly oldLine: number;
      readonly newLine: number;
      readonly noNewline: boolean;
    }
  | { readonly kind: 'added'; readonly text: string; readonly newLine: number; readonly noNewline: boolean }
  | { readonly kind: 'removed'; readonly text: string; readonly oldLine: number; readonly noNewline: boolean };

export interface Hunk {
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  /** The text behind the second `@@`, mostly the function that the hunk lies in. */
  readonly heading: string;
  readonly lines: readonly DiffLine[];
}

export interface DiffFile {
  /** Null for a file that the change adds. */
  readonly oldPath: string | null;
  /** Null for a file that the change deletes. */
  readonly newPath: string | null;
  readonly status: FileStatus;
  /** The diff names the file and holds no lines of it. */
  readonly binary: boolean;
  /** Octal, as git writes it; null where the diff does not say that it changed. */
  readonly oldMode: string | null;
  readonly newMode: string | null;
  readonly hunks: readonly Hunk[];
}

export interface Diff {
  readonly files: readonly DiffFile[];
}

/**
 * The text is not a unified diff. The message never quotes the text: a caller may name any file below the working
 * folder, and an answer that quoted it would read the file out.
 */
export class DiffSyntaxError extends Error {
  override readonly name = 'DiffSyntaxError';
  /** Line of the diff text, from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** The lines of a diff and the place of the next one; the parser's functions share and advance it. */
export interface LineReader {
  readonly lines: readonly string[];
  /** Index of the next line, from 0. */
  next: number;
}
