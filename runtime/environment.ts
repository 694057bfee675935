import process from 'node:process';
import { encodeToken } from './pointer.js';

/** Where variables come from: `process.env`, or a test's own. */
export type Environment = { readonly [name: string]: string | undefined };

/** Where the strings of a configuration stand in the files that it came from: `file:line:col` by JSON Pointer. */
export type Places = { readonly [pointer: string]: string };

/** One `${env:…}` that could not be resolved. */
export interface EnvironmentProblem {
  /** Its name, or what stands where a name should. */
  readonly variable: string;
  /** `file:line:col`, or the JSON Pointer into the configuration where no place is known. */
  readonly place: string;
  /** A sentence that says what is wrong and what to do. */
  readonly message: string;
}

/** Says which environment variables a configuration needs and does not get: all of them, one sentence each. */
export class EnvironmentError extends Error {
  override readonly name: 'EnvironmentError' = 'EnvironmentError';
  readonly problems: readonly EnvironmentProblem[];

  constructor(problems: readonly EnvironmentProblem[]) {
    super(problems.map(({ place, message }) => `${place}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/** Where {@link resolveEnvironment} looks, and how it names what it does not find. */
export interface ResolveOptions {
  /** Where variables are looked up; `process.env` unless set. */
  readonly env?: Environment;
  /** Where strings stand in their files; what is not in it is named by its JSON Pointer. */
  readonly places?: Places;
  /** The JSON Pointer of `value` within the configuration that `places` speaks of. */
  readonly pointer?: string;
}

const REFERENCE = /\$\{env:([^}]*)\}?/g;
const WHOLE_REFERENCE = /^\$\{env:[^}]*\}$/;
const NAME_AND_DEFAULT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Returns `value` with each `${env:NAME}` and `${env:NAME:-default}` in its strings replaced. An empty variable counts
 * as a missing one, as `:-` has it in a shell. An array item that is one reference and nothing else may hold several
 * items with commas between them.
 *
 * @throws EnvironmentError with every variable that is missing and has no default
 */
export function resolveEnvironment<T>(value: T, options: ResolveOptions = {}): T {
  const problems: EnvironmentProblem[] = [];
  const { env = process.env, places = {}, pointer = '' } = options;

  const resolveString = (text: string, at: string): string =>
    text.replace(REFERENCE, (reference: string, body: string) => {
      const [, name, fallback] = (reference.endsWith('}') && NAME_AND_DEFAULT.exec(body)) || [];
      const found = name === undefined ? undefined : env[name] || fallback;
      if (found !== undefined) return found;
      const place = places[at] ?? at;
      problems.push(
        name === undefined
          ? {
              variable: body,
              place,
              message: `${reference} is not a reference; write \${env:NAME} or \${env:NAME:-default}.`,
            }
          : {
              variable: name,
              place,
              message: `The environment variable ${name} is not set or is empty; set it, or give it a default with \${env:${name}:-…}.`,
            },
      );
      return '';
    });

  const resolve = (node: unknown, at: string): unknown => {
    if (typeof node === 'string') return node.includes('${env:') ? resolveString(node, at) : node;
    if (Array.isArray(node)) return node.flatMap((item: unknown, index) => resolveItem(item, `${at}/${index}`));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, item]) => [key, resolve(item, `${at}/${encodeToken(key)}`)]),
    );
  };

  const resolveItem = (item: unknown, at: string): unknown => {
    const resolved = resolve(item, at);
    if (typeof item !== 'string' || typeof resolved !== 'string' || !WHOLE_REFERENCE.test(item)) return [resolved];
    return resolved
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  };

  const resolved = resolve(value, pointer);
  if (problems.length > 0) throw new EnvironmentError(problems);
  return resolved as T;
}
