import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, readTree, repository, stampTree } from '../support/scratch.js';

const GOLDEN = path.join(repository, 'test/golden');
const names = readdirSync(GOLDEN);

function fixture(name: string): string {
  return readFileSync(path.join(repository, `fixtures/valid/${name}.yaml`), 'utf8');
}

function howToUpdate(name: string): string {
  const golden = `test/golden/${name}`;
  return (
    `${golden} is not what codegen writes now. If the change is meant, run: rm -r ${golden} && mkdir ${golden} && ` +
    `cp fixtures/valid/${name}.yaml ${golden}/capabilities.yaml && npm run build && ` +
    `node dist/src/cli.js codegen ${golden} (and read what git diff shows)`
  );
}

it('there is golden output for each valid fixture', () => {
  const fixtures = readdirSync(path.join(repository, 'fixtures/valid')).map((file) => file.replace('.yaml', ''));
  expect(names).toEqual(fixtures);
});

describe.each(names)('%s', (name) => {
  let folder: string;
  beforeAll(async () => {
    folder = createScratch({ 'capabilities.yaml': fixture(name) });
    expect((await command(folder, 'codegen')).status).toBe(0);
  });

  it('comes out byte for byte as the golden files are', () => {
    expect(readTree(folder), howToUpdate(name)).toEqual(readTree(path.join(GOLDEN, name)));
  });

  it('comes out the same again elsewhere', async () => {
    const other = createScratch({ 'some/where/else/capabilities.yaml': fixture(name) });
    await command(other, 'codegen', 'some/where/else');
    expect(readTree(path.join(other, 'some/where/else'))).toEqual(readTree(folder));
  });

  it('touches no file in a second run', async () => {
    const before = stampTree(folder);
    const { stderr } = await command(folder, 'codegen');
    expect(stampTree(folder)).toEqual(before);
    expect(stderr).toMatch(/^\d+ files, nothing to change\.\n$/);
  });

  it('holds no date, no path of this machine and no version of the tool', () => {
    const version = (JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as { version: string })
      .version;
    const tree = Object.entries(readTree(folder)).filter(([file]) => file !== 'capabilities.yaml');
    const text = tree.map(([, content]) => content).join('\n');
    const today = new Date().toISOString().slice(0, 10);
    for (const word of [folder, repository, version, today]) expect(text).not.toContain(word);
  });

  it('holds no character that is invisible, moves the cursor or reorders text, and no CR', () => {
    const found = Object.entries(readTree(folder)).filter(([, content]) => /[^\P{C}\n]|[\u2028\u2029]/u.test(content));
    expect(found.map(([file]) => file)).toEqual([]);
  });

  it('ends each file with one line feed and leaves no space at the end of a line', () => {
    const found = Object.entries(readTree(folder)).filter(([, content]) => /[ \t]$|\n\n$|[^\n]$(?!\n)/m.test(content));
    expect(found.filter(([file]) => file !== 'capabilities.yaml').map(([file]) => file)).toEqual([]);
  });
});

describe('the order of declarations', () => {
  it('is that of the file, whatever the names are', async () => {
    const folder = createScratch({
      'capabilities.yaml': contractText({
        definitions: { Zebra: { type: 'string' }, Ant: { type: 'string' } },
        capabilities: ['zip', 'add', 'Move', 'b2', 'b10'].map((name) => capability(name, { type: 'object' })),
      }),
    });
    await command(folder, 'codegen');
    const members = readTree(folder)['generated/a/server.gen.ts']?.match(/(?<=^ {2}readonly )\w+(?=: \w+Skill;)/gm);
    expect(members).toEqual(['zip', 'add', 'move', 'b2', 'b10']);
  });

  it("of one capability changes no byte of another's module", async () => {
    const first = capability('first', { type: 'object', properties: { x: { $ref: '#/$defs/X' } }, $defs: { X: {} } });
    const second = capability('second', { type: 'object', properties: { x: { $ref: '#/$defs/X' } }, $defs: { X: {} } });
    const one = createScratch({ 'capabilities.yaml': contractText({ capabilities: [first, second] }) });
    const two = createScratch({ 'capabilities.yaml': contractText({ capabilities: [second, first] }) });
    await command(one, 'codegen');
    await command(two, 'codegen');
    const file = 'generated/a/capabilities/first.gen.ts';
    expect(readTree(one)[file]).toBe(readTree(two)[file]);
  });
});

describe('hostile text in a contract', () => {
  it('is refused at its place where it holds half a character, since no message can carry it', async () => {
    const text = contractText({ capabilities: [capability('b', { title: 'a\ud800b', properties: { '\udfff': {} } })] });
    const { stderr } = await command(createScratch({ 'capabilities.yaml': text }), 'codegen');
    expect(stderr.match(/^capabilities\.yaml:1:\d+ not-json/gm)).toHaveLength(2);
  });

  it('reaches the output with no character that hides or reorders text', async () => {
    const nasty = 'a\u202eb\u0000c\u2028d\u0085e\ufefff\u200bgh\u{e0041}i\u00adj';
    const schema = {
      type: 'object',
      title: nasty,
      description: nasty,
      properties: { [nasty]: { const: nasty, description: nasty, default: nasty, examples: [nasty] } },
      required: [nasty],
      enum: [{ [nasty]: nasty }],
    };
    const folder = createScratch({
      'capabilities.yaml': contractText({
        capabilities: [
          capability('b', schema, {
            description: nasty,
            since: nasty,
            deprecated: nasty,
            errors: [{ code: 'E', description: nasty }],
          }),
        ],
      }),
    });
    expect((await command(folder, 'codegen')).stderr).toContain('written');
    const output = Object.entries(readTree(folder)).filter(([file]) => file !== 'capabilities.yaml');
    const found = output.filter(([, content]) => /[^\P{C}\n]|[\u2028\u2029]/u.test(content));
    expect(
      found.map(([file, content]) => [
        file,
        content
          .match(/[^\P{C}\n]|[\u2028\u2029]/u)?.[0]
          .codePointAt(0)
          ?.toString(16),
      ]),
    ).toEqual([]);
  });
});
