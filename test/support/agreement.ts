import path from 'node:path';
import { generate } from '../../generator/index.js';
import type { ViolationReport } from '../../runtime/validation.js';
import { installRuntime, runChecks, transpile } from './child.js';
import { typeCheck } from './compilers.js';
import { capability, contractText } from './contract.js';
import { accepts } from './reference.js';
import { createScratch, removeScratch, writeFiles } from './scratch.js';
import { literalType } from './typed.js';

/** A schema and values that are held against it. */
export interface Case {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly values: readonly unknown[];
}

/** Where generated code departs from the standard: the number of the case, and what is wrong. */
export interface Departure {
  readonly index: number;
  readonly what: string;
}

/** Generates all cases as one contract, and holds validators against the reference and types against validators. */
export async function findDepartures(cases: readonly Case[]): Promise<Departure[]> {
  const folder = createScratch();
  try {
    const capabilities = cases.map(({ schema }, index) => {
      const input = isShared(index, schema) ? { $ref: `#/definitions/D${index}` } : schema;
      return capability(`c${index}`, input);
    });
    const shared = cases.flatMap(({ schema }, index) =>
      isShared(index, schema) ? [[`D${index}`, schema] as const] : [],
    );
    writeFiles(folder, {
      'capabilities.yaml': contractText({ capabilities, definitions: Object.fromEntries(shared) }),
    });
    try {
      await generate({ directory: folder, skills: false });
    } catch (error) {
      return await crashes(cases, error);
    }
    const reports = checkAll(folder, cases);
    return [
      ...cases.flatMap(({ schema, values }, index) =>
        values.flatMap((value, position) =>
          wrongs(schema, value, reports[index]?.[position]).map((what) => ({ index, what })),
        ),
      ),
      ...typeErrors(folder, cases, reports),
    ];
  } finally {
    removeScratch(folder);
  }
}

/** A shared definition has its check in a module of its own, and means the same there. */
function isShared(index: number, schema: Case['schema']): boolean {
  // Two definitions of one name would collide.
  return index % 3 === 1 && !JSON.stringify(schema).includes('$');
}

/** One case that codegen cannot do fails all; halves of them find it. */
async function crashes(cases: readonly Case[], error: unknown): Promise<Departure[]> {
  if (cases.length === 1) return [{ index: 0, what: `codegen: ${error}` }];
  const middle = cases.length >> 1;
  const second = await findDepartures(cases.slice(middle));
  return [
    ...(await findDepartures(cases.slice(0, middle))),
    ...second.map(({ index, what }) => ({ index: index + middle, what })),
  ];
}

function checkAll(folder: string, cases: readonly Case[]): unknown[][] {
  installRuntime(folder);
  const jobs = cases.map(({ schema, values }, index) => {
    if (isShared(index, schema)) transpile(path.join(folder, `generated/a/definitions/D${index}.gen.ts`));
    const module = transpile(path.join(folder, `generated/a/capabilities/c${index}.gen.ts`));
    return { module, name: `c${index}Input`, values };
  });
  return runChecks(folder, jobs);
}

function wrongs(schema: unknown, value: unknown, found: unknown): string[] {
  const text = JSON.stringify(value);
  if (typeof found === 'string') return [`${text} ends in ${found}`];
  const report = found as ViolationReport | null;
  const isRight = accepts(schema, value);
  if ((report === null) !== isRight)
    return [`${text} is ${isRight ? 'right' : 'wrong'}; answered ${JSON.stringify(report)}`];
  if (report === null) return [];
  const { violations, total } = report;
  const isCounted = violations.length > 0 && violations.length <= 100 && total >= violations.length;
  const lost = violations.filter(({ path: at }) => !leadsInto(value, at));
  return [
    ...(isCounted ? [] : [`${text} has ${violations.length} violations of ${total}`]),
    ...lost.map(({ path: at, keyword }) => `${text} has no place "${at}" for ${keyword}`),
  ];
}

/** Whether a JSON Pointer leads to a value, or to a member that its owner lacks. */
function leadsInto(value: unknown, pointer: string): boolean {
  const tokens = pointer.split('/').slice(1);
  let at = value;
  for (const [index, token] of tokens.entries()) {
    if (typeof at !== 'object' || at === null) return false;
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!Object.hasOwn(at, name)) return index === tokens.length - 1;
    at = (at as Record<string, unknown>)[name];
  }
  return true;
}

/** What the compiler says of the generated modules, and of each value that a validator accepts as its type. */
function typeErrors(folder: string, cases: readonly Case[], reports: unknown[][]): Departure[] {
  const files = cases.map(({ values }, index) => {
    const lines = values.map((value, position) =>
      reports[index]?.[position] === null
        ? `declare const v${position}: ${literalType(value)}; export const x${position}: T = v${position};`
        : '',
    );
    const head = `import type { C${index}Input as T } from './generated/a/index.js'; export type { T };\n`;
    return [`values-${index}.ts`, `${head}${lines.join('\n')}\n`] as const;
  });
  writeFiles(folder, Object.fromEntries(files));
  const lines = typeCheck(folder, '7', 'nodenext')
    .split('\n')
    .filter((line) => /^\S/.test(line));
  return lines.map((line) => {
    const [, ofValues, position, ofModule] = /^(?:values-(\d+)\.ts\((\d+)|.*\/[cD](\d+)\.gen\.ts\()/.exec(line) ?? [];
    const index = Number(ofValues ?? ofModule ?? 0);
    const value = ofValues === undefined ? '' : `${JSON.stringify(cases[index]?.values[Number(position) - 2])}: `;
    return { index, what: `the type: ${value}${line}` };
  });
}
