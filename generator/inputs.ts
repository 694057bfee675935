import { realpathSync } from 'node:fs';
import path from 'node:path';
import { projectOf, readText } from './files.js';
import { hashOf } from './hash.js';
import type { SkillFiles } from './skill-files.js';

/** A file that decided what a folder leads to, by what it held, or by its not being read. */
export interface Input {
  /** Relative to the agent's folder, with `/`. */
  readonly name: string;
  /** Where it really lies, all links followed; null where there is none. */
  readonly real: string | null;
  /** The hash of its text; null where it was not read. */
  readonly hash: string | null;
}

export function inputOf(directory: string, name: string, text: string | null): Input {
  return { name, real: realPath(path.join(directory, name)), hash: text === null ? null : hashOf(text) };
}

/**
 * The text of an input that is as it was, null for one that was not read and would not be now; undefined where anything
 * has changed. What lies elsewhere than it did is not opened.
 */
export function textIfSame(directory: string, { name, real, hash }: Input): string | null | undefined {
  const file = path.join(directory, name);
  if (realPath(file) !== real) return undefined;
  if (hash === null) return null;
  const text = readText(file, name);
  return typeof text === 'string' && hashOf(text) === hash ? text : undefined;
}

/** Whether every input is as it was. */
export function areSame(directory: string, inputs: readonly Input[]): boolean {
  return inputs.every((input) => textIfSame(directory, input) !== undefined);
}

/** A hash of what else decides: the user's skills, and which project the folder is in. */
export function surroundingsOf(directory: string, { skillsText, names, prompts }: SkillFiles): string {
  return hashOf(JSON.stringify([projectOf(directory), skillsText, [...names].sort(), [...prompts].sort()]));
}

function realPath(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}
