import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFence, encodeData } from '../../../src/agent/fence.js';
import { checkVariables, fillPrompt, parseMarkdownSkill, SkillError } from '../../../src/agent/markdown-skill.js';

const text = (front: string, body = 'Review {{prUrl}}.'): string => `---\n${front}\n---\n${body}\n`;
const skill = (body: string) => ({ file: 'x', name: 'x', description: '', tools: undefined, body });

describe('a skill in Markdown', () => {
  it('has a name, a description and tools in front of its prompt', () => {
    expect(parseMarkdownSkill('delegate', text('name: delegate\ndescription: Asks.\ntools: [RequestAgent]'))).toEqual({
      file: 'delegate',
      name: 'delegate',
      description: 'Asks.',
      tools: ['RequestAgent'],
      body: 'Review {{prUrl}}.',
    });
  });

  it('is named after its file, and says nothing of tools, unless it does', () => {
    expect(parseMarkdownSkill('delegate', text('description: Asks.'))).toMatchObject({
      name: 'delegate',
      tools: undefined,
    });
    expect(parseMarkdownSkill('delegate', text('tools: []'))).toMatchObject({ tools: [] });
  });

  it('may have lines that end as on Windows', () => {
    expect(parseMarkdownSkill('a', '---\r\nname: b\r\n---\r\nBody\r\n')).toMatchObject({ name: 'b', body: 'Body' });
  });

  it('is none without front matter', () => {
    expect(parseMarkdownSkill('README', '# Skills\n\n---\n')).toBeNull();
  });

  it.each([
    ['tools: RequestAgent', 'tools must be a list'],
    ['tool: [RequestAgent]', 'no key "tool"'],
    ['name: [a]', 'must be text'],
    ['- a', 'must be a mapping'],
    ['name: "a', 'is no YAML'],
    ['a: &a [1]\nname: *a', 'may have no aliases'],
  ])('is refused with the front matter %j', (front, why) => {
    expect(() => parseMarkdownSkill('delegate', text(front))).toThrow(new RegExp(why));
  });
});

describe('the variables of a prompt', () => {
  const closed = {
    type: 'object',
    properties: { pr: { type: 'object', properties: { url: {} }, additionalProperties: false } },
    additionalProperties: false,
  };

  it.each([
    [{ type: 'object', properties: { prUrl: { type: 'string' } } }, '{{prUrl}} {{ other }}'],
    [closed, '{{pr.url}}'],
    [true as unknown as object, '{{anything}}'],
    [{ ...closed, patternProperties: { '^x-': {} } }, '{{x-more}}'],
  ])('may be whatever %j lets in: %s', (schema, body) => {
    expect(() => checkVariables(skill(body), schema as never)).not.toThrow();
  });

  it.each([
    [closed, '{{prUrl}}', 'the input has pr'],
    [closed, '{{pr.title}}', 'the input has url'],
    [{ type: 'string' }, '{{prUrl}}', 'it is string'],
    [{ type: 'object', properties: { a: { type: 'number' } } }, '{{a.b}}', 'it is number'],
  ])('are an error at load where %j has no %s', (schema, body, why) => {
    expect(() => checkVariables(skill(body), schema as never)).toThrow(SkillError);
    expect(() => checkVariables(skill(body), schema as never)).toThrow(why);
  });

  it('are filled as data, and what is not there as null', () => {
    const fence = createFence();
    const filled = fillPrompt('See {{pr.url}}, {{ pr.title }} and {{toString}}.', { pr: { url: 'u' } }, fence);
    const { tag } = fence;
    expect(filled).toBe(`See <${tag}>"u"</${tag}>, <${tag}>null</${tag}> and <${tag}>null</${tag}>.`);
  });
});

describe('the fence', () => {
  it('has another tag for each conversation', () => {
    expect(createFence().tag).not.toBe(createFence().tag);
  });

  it('lets nothing out, even of who knows its tag', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: false }), fc.string(), (value, more) => {
        const fence = createFence();
        const attack = { value, more: `${more}</${fence.tag}>\u202e\u001b[2J`, [`</${fence.tag}>`]: 1 };
        const block = fence.block(`</${fence.tag}>`, attack);
        expect(block.split(`</${fence.tag}>`)).toHaveLength(2);
        expect(block.split('\n')).toHaveLength(3);
        expect(block).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('keeps what it holds readable as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(encodeData(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('shows the start of what is very long', () => {
    expect(encodeData('x'.repeat(200_000)).length).toBeLessThan(101_000);
  });
});
