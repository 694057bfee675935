import { readFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from '../../generator/index.js';
import { typeCheck } from './compilers.js';
import { capability, contractText } from './contract.js';
import { createScratch, writeFiles } from './scratch.js';

/** A schema and statements on its type, `T`: those after `@ts-expect-error` must not compile, all others must. */
export interface TypeCase {
  readonly schema: unknown;
  readonly code: string;
}

export interface TypeReport {
  /** What the compiler says of each case, by its name; nothing where all is as its code expects. */
  readonly errors: Readonly<Record<string, string>>;
  /** What was generated for each case, by its name. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Generates the input type of every case and type-checks the statements on it, all in one program. */
export async function checkTypes(cases: Readonly<Record<string, TypeCase>>, definitions = {}): Promise<TypeReport> {
  const names = Object.keys(cases);
  const capabilities = names.map((name, index) => capability(`c${index}`, cases[name]?.schema));
  const folder = createScratch({ 'capabilities.yaml': contractText({ definitions, capabilities }) });
  await generate({ directory: folder, skills: false });
  const statements = names.map((name, index) => {
    const head = `import type { C${index}Input as T } from './generated/a/index.js';\n`;
    return [`case-${index}.ts`, `${head}${cases[name]?.code ?? ''}\nexport type { T };\n`] as const;
  });
  writeFiles(folder, Object.fromEntries(statements));
  const lines = typeCheck(folder, '6', 'nodenext').split('\n');
  const of = (index: number): string =>
    lines
      .filter((line) =>
        new RegExp(`^(?:case-${index}\\.ts|generated/a/capabilities/c${index}\\.gen\\.ts)\\(`).test(line),
      )
      .join('\n');
  const source = (index: number): string =>
    readFileSync(path.join(folder, `generated/a/capabilities/c${index}.gen.ts`), 'utf8');
  return {
    errors: Object.fromEntries(names.map((name, index) => [name, of(index)])),
    sources: Object.fromEntries(names.map((name, index) => [name, source(index)])),
  };
}

/** The `export interface` or `export type` of a case's source, up to the blank line behind it. */
export function declarationIn(source = ''): string {
  return /^(?:\/\*\*\n(?: \*.*\n)*)?export (?:interface|type)[\s\S]*?(?=\n\n)/m.exec(source)?.[0] ?? '';
}

/** The narrowest type of a JSON value. */
export function literalType(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literalType).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${JSON.stringify(key)}: ${literalType(item)}`)
    .join('; ')} }`;
}
