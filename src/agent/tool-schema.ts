import type { JsonSchema } from '@declaragent/runtime';
import { isJsonObject } from './json.js';
import type { ToolSpec } from './provider.js';

/** A schema as the input of a tool, which the Messages API takes as an object without alternatives at its root only. */
export interface ToolSchema {
  readonly inputSchema: ToolSpec['inputSchema'];
  /** The value in what the tool is given. */
  unwrap(input: unknown): unknown;
}

const ALTERNATIVES = ['anyOf', 'oneOf', 'allOf', '$ref', 'not', 'if'];

/** A schema that is no such object goes into one, under `member`. */
export function toToolSchema(schema: JsonSchema, member: 'input' | 'output'): ToolSchema {
  const { $schema: _, ...rest } = schema;
  if (rest['type'] === 'object' && !ALTERNATIVES.some((keyword) => keyword in rest)) {
    return { inputSchema: { ...rest, type: 'object' }, unwrap: (input) => input };
  }
  const { $defs, ...inner } = rest;
  const inputSchema = {
    type: 'object',
    properties: { [member]: inner },
    required: [member],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
  } as const;
  return { inputSchema, unwrap: (input) => (isJsonObject(input) ? input[member] : undefined) };
}
