import { appendFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  contract,
  createAgentFolder,
  createAgentFolderWithPeer,
  merge,
  peersText,
  REVIEW,
  review,
} from '../support/agent-folder.js';
import { command, type Finished } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, readTree, stampTree, writeFiles } from '../support/scratch.js';

function kinds({ stdout }: Finished): string[] {
  return stdout.split('\n').filter((line) => line !== '');
}

/** Runs the command that a check prints. */
async function runPrinted(folder: string, { stderr }: Finished): Promise<Finished> {
  const printed = /declaragent (codegen.*)$/m.exec(stderr)?.[1] ?? '';
  return command(folder, ...printed.split(' '));
}

describe('codegen --check', () => {
  it('passes right after codegen', async () => {
    const folder = await createAgentFolder();
    const { status, stdout } = await command(folder, 'codegen', '--check');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it('calls a file that was changed by hand edited', async () => {
    const folder = await createAgentFolder();
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    expect(kinds(await command(folder, 'codegen', '--check'))).toEqual([`edited   ${REVIEW}`]);
  });

  it('calls a file that was deleted missing', async () => {
    const folder = await createAgentFolder();
    rmSync(path.join(folder, REVIEW));
    expect(kinds(await command(folder, 'codegen', '--check'))).toEqual([`missing  ${REVIEW}`]);
  });

  it('calls a file that nothing leads to orphaned', async () => {
    const folder = await createAgentFolder();
    writeFiles(folder, { 'generated/a/extra.ts': 'export {};\n' });
    expect(kinds(await command(folder, 'codegen', '--check'))).toEqual(['orphaned generated/a/extra.ts']);
  });

  it('calls a file stale when the contract has changed', async () => {
    const folder = await createAgentFolder();
    const changed = capability('review', { type: 'object', properties: { url: { type: 'integer' } } });
    writeFiles(folder, { 'capabilities.yaml': contractText({ capabilities: [changed] }) });
    expect(kinds(await command(folder, 'codegen', '--check'))).toEqual([
      'stale    generated/a/.declaragent-manifest.json',
      `stale    ${REVIEW}`,
    ]);
  });

  it.each<[string, (folder: string) => void]>([
    ['an edited file', (folder) => appendFileSync(path.join(folder, REVIEW), '// mine\n')],
    ['a deleted folder', (folder) => rmSync(path.join(folder, 'generated'), { recursive: true })],
    ['a deleted list of files', (folder) => rmSync(path.join(folder, 'generated/a/.declaragent-manifest.json'))],
    [
      'a list of files that is no JSON',
      (folder) => writeFiles(folder, { 'generated/.declaragent-manifest.json': '{' }),
    ],
    [
      'a new capability',
      (folder) => writeFiles(folder, { 'capabilities.yaml': contractText({ capabilities: [review, merge] }) }),
    ],
    [
      'a renamed agent',
      (folder) =>
        writeFiles(folder, { 'capabilities.yaml': contractText({ agent: 'agent://b', capabilities: [review] }) }),
    ],
    ['a deleted skill', (folder) => rmSync(path.join(folder, 'skills.ts'))],
  ])('fails with 1 on %s, and the command that it prints mends it', async (_, spoil) => {
    const folder = await createAgentFolder();
    spoil(folder);
    const found = await command(folder, 'codegen', '--check');
    const mended = await runPrinted(folder, found);
    const again = await command(folder, 'codegen', '--check');
    expect([found.status, mended.status, again.status]).toEqual([1, 0, 0]);
  });

  it('prints a command with the folder, --out and --no-skills that it was given', async () => {
    const folder = createScratch({ 'an agent/capabilities.yaml': contract });
    const { stderr } = await command(folder, 'codegen', '--check', '--out', 'src/gen', '--no-skills', 'an agent');
    expect(stderr).toContain("declaragent codegen 'an agent' --out src/gen --no-skills\n");
  });

  it('writes nothing, whatever it finds', async () => {
    const folder = await createAgentFolderWithPeer();
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    writeFiles(folder, {
      'rpc-peers.yaml': peersText(),
      'capabilities.yaml': contractText({ capabilities: [review, merge] }),
    });
    const before = stampTree(folder);
    expect((await command(folder, 'codegen', '--check')).status).toBe(1);
    expect(stampTree(folder)).toEqual(before);
  });

  it('passes on a checkout with CRLF, and codegen touches nothing there', async () => {
    const folder = await createAgentFolderWithPeer();
    const crlf = Object.entries(readTree(folder)).map(([name, text]) => [name, text.replaceAll('\n', '\r\n')]);
    writeFiles(folder, Object.fromEntries(crlf));
    const before = stampTree(folder);
    const statuses = [await command(folder, 'codegen', '--check'), await command(folder, 'codegen')].map(
      ({ status }) => status,
    );
    expect({ statuses, stamps: stampTree(folder) }).toEqual({ statuses: [0, 0], stamps: before });
  });

  it('says the same from another folder, with paths relative to the working folder', async () => {
    const folder = await createAgentFolder();
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    const name = path.basename(folder);
    const { status, stdout } = await command(path.dirname(folder), 'codegen', '--check', name);
    expect({ status, stdout }).toEqual({ status: 1, stdout: `edited   ${name}/${REVIEW}\n` });
  });

  it('fails when one of several folders has drifted', async () => {
    const good = await createAgentFolder();
    const bad = await createAgentFolder();
    rmSync(path.join(bad, REVIEW));
    expect((await command(good, 'codegen', '--check', '.', bad)).status).toBe(1);
    expect((await command(good, 'codegen', '--check', bad, '.')).status).toBe(1);
  });

  it('fails when there is nothing to compare', async () => {
    const folder = createScratch({ 'rpc-peers.yaml': 'version: 1\npeers: []\n' });
    expect((await command(folder, 'codegen', '--check')).status).toBe(1);
    expect((await command(folder, 'codegen')).status).toBe(1);
  });
});

describe('--out', () => {
  it('moves generated code, and the skills import it from there', async () => {
    const folder = await createAgentFolder({}, '--out', './src/gen/');
    const tree = readTree(folder);
    expect(Object.keys(tree)).toContain('src/gen/a/capabilities/review.gen.ts');
    expect(tree['skills/review.ts']).toContain("from '../src/gen/a/index.js'");
    expect(tree['skills.ts']).toContain("from './src/gen/a/index.js'");
  });

  it.each(['..', 'a/../..', '/tmp', '.', '', 'node_modules/a'])('is a usage error as "%s"', async (out) => {
    const folder = createScratch({ 'capabilities.yaml': contract });
    expect((await command(folder, 'codegen', '--out', out)).status).toBe(2);
    expect(Object.keys(readTree(folder))).toEqual(['capabilities.yaml']);
  });
});

describe('an argument', () => {
  it('that is a contract file means its folder', async () => {
    const folder = await createAgentFolder();
    expect((await command(folder, 'codegen', '--check', 'capabilities.yaml')).status).toBe(0);
  });

  it('that is another file is passed over, and the folders beside it are checked', async () => {
    const folder = await createAgentFolder();
    const parent = path.dirname(folder);
    writeFiles(folder, { 'notes.md': '' });
    const name = path.basename(folder);
    const { status, stderr } = await command(parent, 'codegen', '--check', `${name}/notes.md`, name);
    expect(status).toBe(0);
    expect(stderr).toContain(`Note: ${name}/notes.md is a file and not an agent's folder; it was passed over.`);
  });

  it('that is a file and nothing else is a usage error', async () => {
    const folder = await createAgentFolder();
    writeFiles(folder, { 'notes.md': '' });
    expect((await command(folder, 'codegen', '--check', 'notes.md')).status).toBe(2);
  });

  it('that names no folder is reported as such', async () => {
    const { status, stderr } = await command(await createAgentFolder(), 'codegen', 'nowhere');
    expect(status).toBe(1);
    expect(stderr).toContain('nowhere/capabilities.yaml:1:1 file-missing: The folder does not exist.');
  });
});

describe('an agent without an address', () => {
  it('is told why it gets no bus.gen.ts', async () => {
    const peer = contractText({ agent: 'agent://peer', capabilities: [merge] });
    const folder = createScratch({ 'rpc-peers.yaml': peersText('peer'), 'peer.yaml': peer });
    const { status, stderr } = await command(folder, 'codegen');
    expect(status).toBe(0);
    expect(stderr).toContain('Note: No bus.gen.ts was written, since nothing gives this agent an address;');
  });
});

describe('a peer', () => {
  it('may not differ from the agent only by case, since their folders would be one on some disks', async () => {
    const peer = contractText({ agent: 'agent://A', capabilities: [merge] });
    const folder = createScratch({ 'capabilities.yaml': contract, 'rpc-peers.yaml': peersText('A'), 'A.yaml': peer });
    const { status, stderr } = await command(folder, 'codegen');
    expect(status).toBe(1);
    expect(stderr).toContain('duplicate-name: The peer agent://A differs from this agent, agent://a, only by case.');
  });
});
