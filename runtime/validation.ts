import { decodePointer } from './pointer.js';

/** A JSON Schema 2020-12 object that refers to nothing outside itself. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** One rule that a value breaks. */
export interface Violation {
  /** JSON Pointer into the value; empty for the value itself. */
  readonly path: string;
  /** The JSON Schema keyword that refused it. */
  readonly keyword: string;
  /** A sentence part, such as `must be string`. */
  readonly message: string;
}

/** What a validator found: at most the first {@link MAX_VIOLATIONS}, and how many there were in all. */
export interface ViolationReport {
  readonly violations: readonly Violation[];
  readonly total: number;
}

/** How many violations a report lists; `total` counts on. */
export const MAX_VIOLATIONS = 100;

/** The JSON Schema dialect of every generated schema, as Standard JSON Schema names it. */
const TARGET = 'draft-2020-12';

/**
 * Checks values of one schema. It is a Standard Schema and a Standard JSON Schema (https://standardschema.dev), so any
 * library that takes those takes a generated validator as it is.
 */
export interface Validator<T> {
  /** The schema that is enforced. */
  readonly schema: JsonSchema;
  /** Whether `value` is valid. Never throws. */
  is(value: unknown): value is T;
  /** What is wrong with `value`; null when it is valid. Never throws: a value that cannot be walked is a violation. */
  findViolations(value: unknown): ViolationReport | null;
  /** What libraries that take a Standard Schema look at. */
  readonly '~standard': StandardProps<T>;
}

/** The `~standard` member: Standard Schema v1, synchronous, with Standard JSON Schema beside it. */
export interface StandardProps<T> {
  readonly version: 1;
  readonly vendor: 'declaragent';
  readonly validate: (value: unknown) => StandardResult<T>;
  readonly jsonSchema: {
    /** Throws for any target but `draft-2020-12`. */
    readonly input: (options: StandardJsonSchemaOptions) => Record<string, unknown>;
    /** Throws for any target but `draft-2020-12`. */
    readonly output: (options: StandardJsonSchemaOptions) => Record<string, unknown>;
  };
  /** Holds types only; there is nothing here at run time. */
  readonly types?: { readonly input: T; readonly output: T } | undefined;
}

/** What a library asks a schema for, as Standard JSON Schema has it. */
export interface StandardJsonSchemaOptions {
  /** The dialect; `draft-2020-12` is the one that there is. */
  readonly target: string;
}

/** What `validate` answers, as Standard Schema has it: the value as it came, or at most {@link MAX_VIOLATIONS} issues. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path: readonly string[] }[] };

/**
 * The body of a generated validator. It answers whether `data` is valid and leaves what it found in `errors` until its
 * next run, which is why only {@link defineValidator} calls it.
 */
export interface Check {
  // biome-ignore lint/suspicious/noExplicitAny: bodies come from ajv, which walks data without narrowing it
  (data: any, instancePath?: string): boolean;
  /** What the last run has found. */
  errors: Violation[] | null;
}

/**
 * How many bodies one validation may enter, and how many violations it may hold. A recursive schema with branches can
 * lead a few hundred bytes to billions of either; a message of 10,000 keys leads a reasonable one to neither.
 */
const MAX_STEPS = 250_000;
const MAX_HELD = 250_000;

/** Validators run one at a time, since none of them waits. */
let steps = 0;

/** Whether nothing but what the language puts there is on Object.prototype; found out for each validation. */
let isPrototypeBare = true;

/**
 * Whether each property of `value` that can be read and has no name of Object.prototype is its own; called by generated code
 * only. Where it is not, that has to be asked of each.
 */
export function isPlain(value: object): boolean {
  return isPrototypeBare && Object.getPrototypeOf(value) === Object.prototype;
}

/** Makes the body of a generated validator; called by generated code only. */
// biome-ignore lint/suspicious/noExplicitAny: see Check
export function defineCheck(body: (data: any, instancePath?: string) => boolean): Check {
  const check = (data: unknown, instancePath?: string): boolean => {
    if (++steps > MAX_STEPS) throw new RangeError('The validation takes too many steps.');
    return body(data, instancePath);
  };
  return Object.assign(check, { errors: null });
}

/** Adds what a generated validator found to what it found before; called by generated code only. */
export function addViolation(found: Violation[] | null, path: string, keyword: string, message: string): Violation[] {
  const violation = { path, keyword, message };
  if (found === null) return [violation];
  if (found.push(violation) > MAX_HELD) throw new RangeError('The validation finds too many violations.');
  return found;
}

/** Adds what another body found; called by generated code only. */
export function addViolations(found: Violation[] | null, more: Violation[] | null): Violation[] {
  if (found === null) return more ?? [];
  for (const violation of more ?? []) found.push(violation);
  if (found.length > MAX_HELD) throw new RangeError('The validation finds too many violations.');
  return found;
}

/** Makes a validator from a schema and the body generated for it; called by generated code only. */
export function defineValidator<T>(schema: JsonSchema, body: Check): Validator<T> {
  const findViolations = (value: unknown): ViolationReport | null => {
    let valid: boolean;
    steps = 0;
    isPrototypeBare = true;
    for (const _ in Object.prototype) isPrototypeBare = false;
    try {
      valid = body(value);
    } catch {
      // A value nested deeper than the stack, one that throws when it is read, or one that takes too much work.
      return { violations: [{ path: '', keyword: 'depth', message: 'cannot be checked to its end' }], total: 1 };
    }
    const found = body.errors ?? [];
    body.errors = null;
    return valid ? null : { violations: found.slice(0, MAX_VIOLATIONS), total: found.length };
  };
  const toJsonSchema = ({ target }: StandardJsonSchemaOptions): Record<string, unknown> => {
    if (target !== TARGET) throw new Error(`This schema is available as ${TARGET} only, not as ${target}.`);
    return schema;
  };
  return {
    schema,
    is: (value): value is T => findViolations(value) === null,
    findViolations,
    '~standard': {
      version: 1,
      vendor: 'declaragent',
      validate: (value) => {
        const report = findViolations(value);
        return report === null ? { value: value as T } : { issues: report.violations.map(toIssue) };
      },
      jsonSchema: { input: toJsonSchema, output: toJsonSchema },
    },
  };
}

function toIssue({ path, message }: Violation): { message: string; path: readonly string[] } {
  return { message, path: decodePointer(path) };
}

/** The length of a string as JSON Schema counts it: in code points, a lone surrogate being one. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length - 1; index++) {
    const isPair = (text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
    if (!isPair) continue;
    length--;
    index++;
  }
  return length;
}

/** Whether two JSON values are equal as JSON Schema has it: keys in any order, 0 and -0 the same. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => deepEqual(item, right[index]));
  }
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      deepEqual((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}
