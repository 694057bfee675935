import { describe, expect, it } from 'vitest';
import { typeCheck } from '../support/compilers.js';
import { capability, generated } from '../support/contract.js';
import { createScratch } from '../support/scratch.js';

const definitions = {
  Finding: { type: 'object', properties: { file: { type: 'string' } } },
  Ref: { $ref: '#/definitions/Finding' },
  Names: { type: 'array', items: { $ref: '#/definitions/Finding' } },
};

async function toolsOf(inputSchema: unknown): Promise<string> {
  const files = await generated({ definitions, capabilities: [capability('a', inputSchema)] });
  return files['generated/a/tools.gen.ts'] ?? '';
}

describe('a tool definition', () => {
  it.each<[string, unknown]>([
    ['a type', { type: 'object' }],
    ['a reference', { $ref: '#/definitions/Ref' }],
    ['one of several that must hold', { allOf: [true, { $ref: '#/definitions/Finding' }] }],
    ['every branch', { oneOf: [{ type: 'object' }, { $ref: '#/definitions/Ref' }] }],
  ])('takes the input as it is where %s says that it is an object', async (_, schema) => {
    expect(await toolsOf(schema)).toContain("input_schema: { ...aInput.schema, type: 'object' }");
  });

  it.each<[string, unknown]>([
    ['a string', { type: 'string' }],
    ['a list', { $ref: '#/definitions/Names' }],
    ['an object or nothing', { anyOf: [{ type: 'object' }, { type: 'null' }] }],
    ['anything', true],
  ])('takes the input under one key where it is %s', async (_, schema) => {
    const text = await toolsOf(schema);
    expect(text).toContain("required: ['input']");
    expect(text).not.toContain('...aInput.schema');
  });

  it('brings the definitions of a wrapped input along', async () => {
    expect(await toolsOf({ $ref: '#/definitions/Names' })).toMatch(/\$defs: \{\s*Finding: [\s\S]*Names: /);
  });

  it('has the type that libraries for language models ask for', async () => {
    const capabilities = [capability('a', { type: 'object' }), capability('b', { type: 'string' })];
    const folder = createScratch({
      ...(await generated({ capabilities })),
      'use.ts':
        "import { aTools } from './generated/a/index.js';\n" +
        "interface Tool { name: string; description?: string; input_schema: { type: 'object'; [key: string]: unknown } }\n" +
        'export const tools: Tool[] = [...aTools];\n',
    });
    expect(typeCheck(folder, '6', 'nodenext')).toBe('');
  });
});
