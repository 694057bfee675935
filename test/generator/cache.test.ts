import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContractError, check, type Generated, generate } from '../../generator/index.js';
import { createScratch, readTree, removeScratch, writeFiles } from '../support/scratch.js';

/** Capabilities are compiled one by one in files that are longer than this. */
const PADDING = `# ${'-'.repeat(33_000)}\n`;

interface Capability {
  readonly name: string;
  readonly description: string;
  readonly input: object;
}

interface Contract {
  readonly capabilities: readonly Capability[];
  readonly definitions: Readonly<Record<string, object>>;
  /** The file beside the contract. */
  readonly shared: Readonly<Record<string, object>>;
}

const START: Contract = {
  capabilities: [
    { name: 'plain', description: 'Plain.', input: { type: 'object', properties: { a: { type: 'string' } } } },
    { name: 'with-definition', description: 'Uses one.', input: { $ref: '#/definitions/Person' } },
    { name: 'with-file', description: 'Uses a file.', input: { $ref: './shared.yaml#/Place' } },
    {
      name: 'nested',
      description: 'Has its own.',
      input: { $defs: { Tree: { type: 'object' } }, $ref: '#/$defs/Tree' },
    },
  ],
  definitions: { Person: { type: 'object', properties: { name: { type: 'string' } } } },
  shared: { Place: { type: 'object', properties: { town: { type: 'string' } } } },
};

function write(folder: string, { capabilities, definitions, shared }: Contract): void {
  const items = capabilities.map(
    ({ name, description, input }) =>
      `  - ${JSON.stringify({ name, description, inputSchema: input, outputSchema: { type: 'object' } })}\n`,
  );
  writeFiles(folder, {
    'capabilities.yaml': `${PADDING}version: 1\nagent: agent://cached\ntransports: [{ kind: memory }]\ndefinitions: ${JSON.stringify(definitions)}\ncapabilities:\n${items.join('')}`,
    'shared.yaml': JSON.stringify(shared),
  });
}

/** What a run leaves or says: each file by its path, or the problems by their places. */
async function outcome(folder: string, cache: string | undefined): Promise<unknown> {
  try {
    await generate({ directory: folder, skills: false, ...(cache === undefined ? {} : { cache }) });
    return readTree(path.join(folder, 'generated'));
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return error.problems.map(({ code, place, message }) => [code, place, message]);
  }
}

const schemas = fc.constantFrom<object>(
  { type: 'object', properties: { b: { type: 'integer' } } },
  { $ref: '#/definitions/Person' },
  { type: 'array', items: { $ref: '#/definitions/Person' } },
  { $ref: './shared.yaml#/Place' },
  { $ref: './shared.yaml#/Person' },
  { $ref: '#/capabilities/0/inputSchema' },
  { type: 'object', 'x-ts-name': 'Person' },
  { $defs: { Tree: { type: 'string' } }, $ref: '#/$defs/Tree' },
  { type: 'strnig' },
);

type Edit = (contract: Contract) => Contract;

const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(), schemas).map(([at, input]): Edit => onCapability(at, (one) => ({ ...one, input }))),
  fc.nat().map((at): Edit => onCapability(at, (one) => ({ ...one, description: `${one.description} More.` }))),
  fc.tuple(fc.nat(), fc.constantFrom('plain', 'renamed', 'with_file', 'person')).map(([at, name]): Edit => {
    return onCapability(at, (one) => ({ ...one, name }));
  }),
  fc.tuple(fc.nat(), schemas).map(
    ([at, input]): Edit =>
      (contract) => {
        const added = { name: `added-${at % 4}`, description: 'Added.', input };
        return { ...contract, capabilities: [...contract.capabilities, added] };
      },
  ),
  fc.nat().map(
    (at): Edit =>
      ({ capabilities, ...rest }) => {
        if (capabilities.length < 2) return { capabilities, ...rest };
        return { ...rest, capabilities: capabilities.filter((_, index) => index !== at % capabilities.length) };
      },
  ),
  fc.constant<Edit>((contract) => ({ ...contract, capabilities: [...contract.capabilities].reverse() })),
  schemas.map(
    (schema): Edit =>
      (contract) => ({ ...contract, definitions: { Person: schema } }),
  ),
  schemas.map(
    (schema): Edit =>
      (contract) => ({ ...contract, shared: { Place: schema, Person: { type: 'null' } } }),
  ),
);

function onCapability(at: number, change: (capability: Capability) => Capability): Edit {
  return ({ capabilities, ...rest }) => ({
    ...rest,
    capabilities: capabilities.map((one, index) => (index === at % capabilities.length ? change(one) : one)),
  });
}

async function withFolders<T>(work: (folder: string, cache: string) => Promise<T>): Promise<T> {
  const [folder, cache] = [createScratch(), createScratch()];
  try {
    return await work(folder, cache);
  } finally {
    removeScratch(folder);
    removeScratch(cache);
  }
}

function cacheFile(cache: string): string {
  const [name = ''] = readdirSync(cache);
  return path.join(cache, name);
}

describe('what runs remember', () => {
  test('changes nothing of what a run leaves or says, whatever was edited before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edits, { minLength: 1, maxLength: 6 }), async (sequence) => {
        await withFolders(async (folder, cache) => {
          let contract = START;
          write(folder, contract);
          await outcome(folder, cache);
          for (const edit of sequence) {
            contract = edit(contract);
            write(folder, contract);
            const warm = await outcome(folder, cache);
            await withFolders(async (other) => {
              write(other, contract);
              expect(warm).toEqual(await outcome(other, undefined));
            });
            if (Array.isArray(warm)) contract = START;
          }
        });
      }),
      { numRuns: Number(process.env['DECLARAGENT_RUNS'] ?? 12), seed: Number(process.env['DECLARAGENT_SEED'] ?? 1) },
    );
  });

  test('makes one file of an edited capability, and those that list all', async () => {
    await withFolders(async (folder, cache) => {
      write(folder, START);
      await outcome(folder, cache);
      const [first, ...others] = START.capabilities as [Capability, ...Capability[]];
      write(folder, { ...START, capabilities: [{ ...first, description: 'Other.' }, ...others] });
      const { written }: Generated = await generate({ directory: folder, skills: false, cache });
      expect(written.filter((file) => file.includes('/capabilities/'))).toEqual([
        'generated/cached/capabilities/plain.gen.ts',
      ]);
      expect((await check({ directory: folder, skills: false })).differences).toEqual([]);
    });
  });

  test('grows with what is edited for a while only, and leads to the same output all the time', async () => {
    await withFolders(async (folder, cache) => {
      const [first, ...others] = START.capabilities as [Capability, ...Capability[]];
      const sizes: number[] = [];
      for (let edit = 0; edit < 40; edit++) {
        const contract = { ...START, capabilities: [{ ...first, description: `Edit ${edit + 10}.` }, ...others] };
        write(folder, contract);
        const warm = await outcome(folder, cache);
        sizes.push(readFileSync(cacheFile(cache), 'utf8').length);
        if (edit % 10 !== 9) continue;
        await withFolders(async (other) => {
          write(other, contract);
          expect(warm).toEqual(await outcome(other, undefined));
        });
      }
      expect(sizes[1]).toBeGreaterThan(sizes[0] ?? 0);
      expect(Math.max(...sizes.slice(20))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 20)));
    });
  });

  test.each([
    ['cut off', (text: string) => text.slice(0, -20)],
    ['changed', (text: string) => text.replace(/"hash[^,]*,/, '"hash":"x",').replace('plain', 'other')],
    ['empty', () => ''],
    ['no text', () => '\u0000\u0001\n{}'],
    ['of another version', (text: string) => `${'0'.repeat(64)}\n${text.slice(65)}`],
  ])('that is %s is as none', async (_, spoil) => {
    await withFolders(async (folder, cache) => {
      write(folder, START);
      const cold = await outcome(folder, cache);
      const text = readFileSync(cacheFile(cache), 'utf8');
      expect(spoil(text)).not.toBe(text);
      writeFileSync(cacheFile(cache), spoil(text));
      rmSync(path.join(folder, 'generated'), { recursive: true });
      expect(await outcome(folder, cache)).toEqual(cold);
      expect(readFileSync(cacheFile(cache), 'utf8')).toBe(text);
    });
  });

  test('does not hide an edit of a generated file', async () => {
    await withFolders(async (folder, cache) => {
      write(folder, START);
      const tree = await outcome(folder, cache);
      const edited = 'generated/cached/capabilities/plain.gen.ts';
      writeFileSync(path.join(folder, edited), 'export {};\n');
      const { differences } = await check({ directory: folder, skills: false, cache });
      expect(differences).toEqual([{ kind: 'edited', path: edited, fixedByCodegen: true }]);
      rmSync(path.join(folder, edited));
      expect(await outcome(folder, cache)).toEqual(tree);
    });
  });

  test('is no reason to fail where it cannot be written', async () => {
    await withFolders(async (folder, cache) => {
      write(folder, START);
      const file = path.join(cache, 'file');
      writeFileSync(file, '');
      expect(await outcome(folder, path.join(file, 'inside'))).toEqual(await outcome(folder, undefined));
      expect(readdirSync(cache)).toEqual(['file']);
    });
  });

  describe('sees what decides besides the files that are read', () => {
    const one = JSON.stringify({ name: 'one', inputSchema: { $ref: './shared.yaml#/Place' }, outputSchema: true });
    const contract = (): string =>
      `${PADDING}version: 1\nagent: agent://cached\ntransports: [{ kind: memory }]\ncapabilities:\n  - ${one}\n`;
    const place = '{ "Place": { "type": "object" } }';

    /** What a warm and a cold run make of the folder after a change of its surroundings. */
    async function after(files: Readonly<Record<string, string>>, change: (root: string) => void): Promise<void> {
      await withFolders(async (root, cache) => {
        writeFiles(root, files);
        const folder = path.join(root, 'agent');
        await outcome(folder, cache);
        // The second run is the first that starts no skills, and so the first that is remembered.
        await generate({ directory: folder, skills: true, cache });
        await generate({ directory: folder, skills: true, cache });
        change(root);
        const says = async (home: string | undefined): Promise<unknown> => {
          try {
            return (await check({ directory: folder, ...(home === undefined ? {} : { cache: home }) })).differences;
          } catch (error) {
            if (!(error instanceof ContractError)) throw error;
            return error.problems.map(({ code, message }) => [code, message]);
          }
        };
        expect(await says(cache)).toEqual(await says(undefined));
        expect(await says(cache)).not.toEqual([]);
      });
    }

    test('a file that was referred to and missing', () =>
      after(
        {
          'agent/capabilities.yaml': contract().replace(
            '"outputSchema":true',
            '"outputSchema":{"x-doc":{"$ref":"notes.yaml"}}',
          ),
          'agent/shared.yaml': place,
        },
        (root) => writeFiles(root, { 'agent/notes.yaml': 'a: [\n' }),
      ));

    test('a file that became a link to one outside', () =>
      after({ 'agent/capabilities.yaml': contract(), 'agent/shared.yaml': place, 'outside.yaml': place }, (root) => {
        rmSync(path.join(root, 'agent/shared.yaml'));
        symlinkSync('../outside.yaml', path.join(root, 'agent/shared.yaml'));
      }));

    test('a project that became smaller', () =>
      after(
        {
          '.git/HEAD': '',
          'agent/capabilities.yaml': contract(),
          'agent/shared.yaml': place,
          'agent/rpc-peers.yaml': JSON.stringify({
            version: 1,
            peers: [{ agent: 'agent://far', transports: [{ kind: 'memory' }], contract: '../far/capabilities.yaml' }],
          }),
          'far/capabilities.yaml': contract().replace('agent://cached', 'agent://far').replace('./shared', './own'),
          'far/own.yaml': place,
        },
        (root) => {
          rmSync(path.join(root, '.git'), { recursive: true });
          writeFiles(root, { 'agent/.git/HEAD': '' });
        },
      ));

    test('a limit that counts the whole file', async () => {
      await withFolders(async (folder, cache) => {
        const many = (count: number): Contract => ({
          ...START,
          capabilities: Array.from({ length: count }, (_, index) => ({
            ...{ name: `c${index}`, description: 'One.', input: {} },
          })),
        });
        write(folder, many(1999));
        await generate({ directory: folder, skills: false, cache });
        write(folder, many(2001));
        expect(await outcome(folder, cache)).toEqual([
          ['wrong-value', expect.anything(), expect.stringContaining('2000')],
        ]);
      });
    });
  });
});
