import type { JsonSchema } from '@declaragent/runtime';
import { type Document, parseDocument } from 'yaml';
import type { Fence } from './fence.js';

/** A skill that is a prompt: `skills/<file>.md`. */
export interface MarkdownSkill {
  /** The name of its file, without the ending. */
  readonly file: string;
  readonly name: string;
  readonly description: string;
  /** The tools that it may use; undefined where it says nothing, and those of agent.yaml count. */
  readonly tools: readonly string[] | undefined;
  readonly body: string;
}

/** A skill's file is not as it has to be: a sentence with the place. */
export class SkillError extends Error {
  override readonly name = 'SkillError';
}

const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;
const KEYS = ['name', 'description', 'tools'];
const VARIABLE = /\{\{\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*\}\}/g;

/**
 * Reads a skill; null for Markdown without front matter, such as a README.
 *
 * @throws {SkillError} for front matter that is wrong
 */
export function parseMarkdownSkill(file: string, text: string): MarkdownSkill | null {
  const found = FRONT_MATTER.exec(text);
  if (found === null) return null;
  const place = `skills/${file}.md`;
  const document = parseDocument(found[1] ?? '', { strict: true });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new SkillError(`${place}: its front matter is no YAML: ${problem.message.split('\n')[0]}`);
  const values = toValues(document, place);
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new SkillError(`${place}: its front matter must be a mapping with name, description and tools.`);
  }
  const { name = file, description = '', tools, ...rest } = values as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new SkillError(`${place}: there is no key "${unknown}"; write ${KEYS.join(', ')}.`);
  if (typeof name !== 'string' || typeof description !== 'string') {
    throw new SkillError(`${place}: name and description must be text.`);
  }
  const isList = Array.isArray(tools) && tools.every((tool) => typeof tool === 'string');
  if (tools !== undefined && tools !== null && !isList)
    throw new SkillError(`${place}: tools must be a list of names.`);
  return { file, name, description, tools: isList ? tools : undefined, body: text.slice(found[0].length).trim() };
}

/** An alias stands for nothing that is needed here, and many of them for a great deal of memory. */
function toValues(document: Document, place: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new SkillError(`${place}: its front matter may have no aliases.`);
  }
}

/**
 * Looks at the variables of a prompt before there is any input.
 *
 * @throws {SkillError} for a variable that no valid input can have
 */
export function checkVariables({ file, body }: MarkdownSkill, input: JsonSchema): void {
  for (const variable of variablesOf(body)) {
    const objection = objectionTo(variable, input);
    if (objection !== undefined)
      throw new SkillError(`skills/${file}.md: {{${variable}}} is never there: ${objection}`);
  }
}

/** The names of a prompt's variables, each once. */
export function variablesOf(body: string): string[] {
  return [...new Set([...body.matchAll(VARIABLE)].map(([, name = '']) => name))];
}

/**
 * Fills a prompt from an input that its schema has been held against. Each value is fenced: it is data, wherever the
 * prompt has put it. What the input does not have is null.
 */
export function fillPrompt(body: string, input: unknown, fence: Fence): string {
  return body.replace(VARIABLE, (_, name: string) => fence.inline(valueAt(input, name.split('.')) ?? null));
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
      ? Reflect.get(inner, key)
      : undefined;
  }, value);
}

/** Why a schema surely refuses an input with that member; what it leaves open is not objected to. */
function objectionTo(variable: string, root: JsonSchema): string | undefined {
  let schema: unknown = root;
  for (const key of variable.split('.')) {
    if (typeof schema !== 'object' || schema === null) return undefined;
    const { type, properties, additionalProperties, patternProperties } = schema as Record<string, unknown>;
    const types = Array.isArray(type) ? type : [type];
    if (type !== undefined && !types.includes('object'))
      return `the input has no members there, since it is ${types.join(' or ')}.`;
    const members = typeof properties === 'object' && properties !== null ? properties : {};
    const isDeclared = Object.hasOwn(members, key);
    if (!isDeclared && additionalProperties === false && patternProperties === undefined) {
      const names = Object.keys(members);
      return names.length === 0 ? 'the input has no members.' : `the input has ${names.join(', ')}.`;
    }
    schema = isDeclared ? Reflect.get(members, key) : undefined;
  }
  return undefined;
}
