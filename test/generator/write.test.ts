import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { generate, OutputError } from '../../generator/index.js';
import { MANIFEST } from '../../generator/manifest.js';
import {
  contract,
  createAgentFolder,
  createAgentFolderWithPeer,
  merge,
  peersText,
  REVIEW,
  review,
} from '../support/agent-folder.js';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { diskError, interceptDisk, type Operation } from '../support/faults.js';
import { createScratch, readTree, stampTree, writeFiles } from '../support/scratch.js';

describe('codegen', () => {
  it('overwrites a generated file that was edited, and says so', async () => {
    const folder = await createAgentFolder();
    const before = readTree(folder);
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    const { stderr } = await command(folder, 'codegen');
    expect(stderr).toContain(`Note: ${REVIEW} had been edited by hand and was overwritten.`);
    expect(readTree(folder)).toEqual(before);
  });

  it('deletes the folder of a peer that is gone', async () => {
    const folder = await createAgentFolderWithPeer();
    writeFiles(folder, { 'rpc-peers.yaml': peersText() });
    const { stdout } = await command(folder, 'codegen', '--check');
    expect(stdout).toContain('orphaned generated/peer/capabilities/merge.gen.ts');
    await command(folder, 'codegen');
    expect(Object.keys(readTree(folder)).filter((name) => name.startsWith('generated/peer'))).toEqual([]);
  });

  it('deletes the file of a capability that is gone, and no other', async () => {
    const folder = await createAgentFolder({ 'capabilities.yaml': contractText({ capabilities: [review, merge] }) });
    const before = Object.keys(readTree(folder));
    writeFiles(folder, { 'capabilities.yaml': contract });
    await command(folder, 'codegen');
    const gone = before.filter((name) => !Object.hasOwn(readTree(folder), name));
    expect(gone).toEqual(['generated/a/capabilities/merge.gen.ts']);
  });

  it('keeps a file of a peer that is gone when it was edited, and goes on reporting it', async () => {
    const folder = await createAgentFolderWithPeer();
    const edited = 'generated/peer/capabilities/merge.gen.ts';
    appendFileSync(path.join(folder, edited), '// mine\n');
    writeFiles(folder, { 'rpc-peers.yaml': peersText() });
    expect((await command(folder, 'codegen')).stderr).toContain(
      `Note: ${edited} is not as codegen wrote it, so it was kept`,
    );
    expect(readTree(folder)[edited]).toContain('// mine');
    const { status, stdout } = await command(folder, 'codegen', '--check');
    expect({ status, stdout }).toEqual({ status: 1, stdout: `orphaned ${edited}\n` });
  });

  it('leaves a file in the output folder that it did not write', async () => {
    const folder = await createAgentFolder();
    writeFiles(folder, { 'generated/a/notes.txt': 'mine\n' });
    await command(folder, 'codegen');
    expect(readTree(folder)['generated/a/notes.txt']).toBe('mine\n');
  });

  it('ends with 3 and writes nothing when a file that is not its own is in the way', async () => {
    const folder = createScratch({ 'capabilities.yaml': contract, 'generated/a/index.ts': 'export const mine = 1;\n' });
    const before = readTree(folder);
    const { status, stderr } = await command(folder, 'codegen');
    expect({ status, tree: readTree(folder) }).toEqual({ status: 3, tree: before });
    expect(stderr).toMatch(/generated\/a\/index\.ts is not from codegen.*Nothing was written\./);
  });

  it.each(['generated', 'generated/a', REVIEW])(
    'ends with 3 and writes nothing when %s is a symbolic link',
    async (name) => {
      const folder = await createAgentFolder();
      renameSync(path.join(folder, name), path.join(folder, 'elsewhere'));
      symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, name));
      const changed = capability('review', { type: 'object', required: ['url'] });
      writeFiles(folder, { 'capabilities.yaml': contractText({ capabilities: [changed] }) });
      const before = stampTree(folder);
      expect((await command(folder, 'codegen')).status).toBe(3);
      expect(stampTree(folder)).toEqual(before);
    },
  );

  it('deletes nothing through a symbolic link', async () => {
    const folder = await createAgentFolderWithPeer();
    renameSync(path.join(folder, 'generated'), path.join(folder, 'elsewhere'));
    symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, 'generated'));
    writeFiles(folder, { 'rpc-peers.yaml': peersText('peer').replace(/,"contract":"[^"]*"/, '') });
    expect((await command(folder, 'codegen')).status).toBe(3);
    expect(existsSync(path.join(folder, 'elsewhere/peer/index.ts'))).toBe(true);
  });

  it.each(['generated', 'skills'])('ends with 3 when %s is a file', async (name) => {
    const folder = createScratch({ 'capabilities.yaml': contract, [name]: 'mine\n' });
    const { status, stderr } = await command(folder, 'codegen');
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: `${name} should be a folder; move it away. Nothing was written.\n`,
    });
  });

  it.each([REVIEW, 'skills.ts'])('ends with 3 when %s is a folder', async (name) => {
    const folder = createScratch({ 'capabilities.yaml': contract });
    mkdirSync(path.join(folder, name), { recursive: true });
    expect((await command(folder, 'codegen')).status).toBe(3);
  });

  it('leaves no temporary file behind', async () => {
    expect(Object.keys(readTree(await createAgentFolder())).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

const both = contractText({ capabilities: [review, merge] });

/** Whether an operation is the last that prepares: a manifest is prepared after every other file. */
function endsPreparing({ name, target }: Operation): boolean {
  return name === 'writeFileSync' && target.endsWith(`generated/a/${MANIFEST}`);
}

/** Does `meanwhile` when codegen has done the first operation that `isMoment` picks, and returns what codegen threw. */
async function generateWhile(
  folder: string,
  isMoment: (operation: Operation) => boolean,
  meanwhile: () => void,
): Promise<unknown> {
  let isDone = false;
  const restore = interceptDisk((operation) => {
    const isNow = !isDone && isMoment(operation);
    const result = operation.perform();
    if (isNow) {
      isDone = true;
      meanwhile();
    }
    return result;
  });
  try {
    await generate({ directory: folder });
    return null;
  } catch (error) {
    return error;
  } finally {
    restore();
    expect(isDone).toBe(true);
  }
}

describe('what changes while codegen runs', () => {
  it.each<[string, string, (place: string, elsewhere: string) => void]>([
    ['a file becomes a link', REVIEW, (place, elsewhere) => symlinkSync(path.join(elsewhere, 'file'), place)],
    ['a folder becomes a link', 'generated/a/capabilities', (place, elsewhere) => symlinkSync(elsewhere, place)],
    ['the output becomes a link', 'generated', (place, elsewhere) => symlinkSync(elsewhere, place)],
    ['a file becomes a folder', REVIEW, (place) => mkdirSync(place)],
    ['a folder becomes a file', 'generated/a', (place) => writeFiles(path.dirname(place), { a: 'mine\n' })],
    ['skills.ts is saved', 'skills.ts', (place) => writeFiles(path.dirname(place), { 'skills.ts': '// mine\n' })],
    ['a skill is written', 'skills/merge.ts', (place) => writeFiles(path.dirname(place), { 'merge.ts': '// mine\n' })],
  ])('is left as it is, and nothing else is written, when %s', async (_, name, swap) => {
    const folder = await createAgentFolder();
    const changed = capability('review', true);
    writeFiles(folder, { 'capabilities.yaml': contractText({ capabilities: [changed, merge] }) });
    const elsewhere = createScratch({ file: 'theirs\n' });
    let before = {};
    const error = await generateWhile(folder, endsPreparing, () => {
      rmSync(path.join(folder, name), { recursive: true, force: true });
      swap(path.join(folder, name), elsewhere);
      before = stampTree(folder);
    });
    expect(error).toBeInstanceOf(OutputError);
    expect(String(error)).toMatch(/^OutputError: [^\n]*\. Nothing was written\.$/);
    expect(readTree(elsewhere)).toEqual({ file: 'theirs\n' });
    expect(withoutRuns(stampTree(folder))).toEqual(withoutRuns(before));
  });
});

describe('what changes while files are put in place', () => {
  it('is left as it is, and codegen says that it was interrupted and how to go on', async () => {
    const folder = await createAgentFolder();
    const before = readTree(folder);
    rmSync(path.join(folder, 'generated'), { recursive: true });
    const elsewhere = createScratch();
    const home = path.join(folder, 'generated/a');
    const error = await generateWhile(
      folder,
      ({ name, target }) => {
        // A folder that is a mount cannot be replaced, so each file in it is.
        if (name === 'renameSync' && !target.endsWith('.ts')) throw diskError('EBUSY');
        return name === 'renameSync';
      },
      () => {
        renameSync(home, `${home}-moved`);
        symlinkSync(elsewhere, home);
      },
    );
    expect(String(error)).toBe(
      'OutputError: generated/a is a symbolic link, and codegen writes through none; remove it. ' +
        'What comes before it was; run codegen again for the rest.',
    );
    expect(readTree(elsewhere)).toEqual({});
    rmSync(home);
    renameSync(`${home}-moved`, home);
    await command(folder, 'codegen');
    expect(readTree(folder)).toEqual(before);
  });
});

function withoutRuns(tree: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => !name.startsWith('.declaragent-run.')));
}

describe('a file of the user', () => {
  it('keeps its permissions when it is added to', async () => {
    const folder = await createAgentFolder();
    chmodSync(path.join(folder, 'skills.ts'), 0o640);
    writeFiles(folder, { 'capabilities.yaml': both });
    await command(folder, 'codegen');
    expect(statSync(path.join(folder, 'skills.ts')).mode & 0o777).toBe(0o640);
  });

  it('that a manifest lists outside its folder is not deleted', async () => {
    const peers = peersText('peer');
    const hash = createHash('sha256').update(peers).digest('hex');
    const folder = createScratch({
      'rpc-peers.yaml': peers,
      'peer.yaml': contractText({ agent: 'agent://peer', capabilities: [merge] }),
      'generated/.declaragent-manifest.json': JSON.stringify({ format: 1, files: { '../rpc-peers.yaml': hash } }),
    });
    expect((await command(folder, 'codegen')).status).toBe(0);
    expect(readTree(folder)['rpc-peers.yaml']).toBe(peers);
  });
});
