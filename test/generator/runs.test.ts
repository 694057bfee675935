import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generate } from '../../generator/index.js';
import { contract, createAgentFolder, merge, REVIEW, review } from '../support/agent-folder.js';
import { command } from '../support/command.js';
import { contractText } from '../support/contract.js';
import { interceptDisk } from '../support/faults.js';
import { buildProgram, runProgram } from '../support/program.js';
import { createScratch, readTree, writeFiles } from '../support/scratch.js';

const both = contractText({ capabilities: [review, merge] });

/** The name of the folder of a run, as it would be on this machine. */
async function runFolderName(pid: number, startedMs: number): Promise<string> {
  const folder = createScratch({ 'capabilities.yaml': contract });
  let name = '';
  const restore = interceptDisk((operation) => {
    const result = operation.perform();
    if (operation.name === 'mkdtempSync') name = path.basename(String(result));
    return result;
  });
  await generate({ directory: folder });
  restore();
  const [, , , , host] = name.split('.');
  return `.declaragent-run.${pid}.${startedMs}.${host}.abcdef`;
}

/** A process id that no process has any more. */
function endedPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('two runs at once', () => {
  it('both end well, and leave what one leaves', async () => {
    const alone = await createAgentFolder({ 'capabilities.yaml': both });
    const folder = createScratch({ 'capabilities.yaml': both });
    const runs = await Promise.all([1, 2, 3, 4].map(() => command(folder, 'codegen')));
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(readTree(folder)).toEqual(readTree(alone));
  });

  it('as processes end well too, and never write at the same time', async () => {
    const program = buildProgram();
    const folder = createScratch({ 'capabilities.yaml': both });
    const log = path.join(createScratch(), 'log');
    const faults = pathToFileURL(path.join(program, 'test/support/faults.js')).href;
    // Each looks for others, and begins when all have looked. What it puts in place is noted, and takes a moment, in which
    // another process would have its turn.
    const slowly = `
      import { appendFileSync } from 'node:fs';
      import { interceptDisk } from ${JSON.stringify(faults)};
      const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      let hasBegun = false;
      interceptDisk(({ name, target, perform }) => {
        if (name === 'mkdtempSync' && !hasBegun) {
          hasBegun = true;
          wait(1500);
        }
        // What is remembered between runs has a folder elsewhere.
        if (name === 'renameSync' && target.startsWith(${JSON.stringify(folder)})) {
          appendFileSync(${JSON.stringify(log)}, process.pid + '\\n');
          wait(20);
        }
        return perform();
      });`;
    const outs = ['one', 'two', 'three'];
    const runs = await Promise.all(outs.map((out) => runProgram(program, folder, slowly, '--no-skills', '--out', out)));
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
    const turns = readFileSync(log, 'utf8')
      .split('\n')
      .filter((pid, index, pids) => pid !== '' && pid !== pids[index - 1]);
    expect(turns).toHaveLength(3);
    for (const out of outs) {
      expect((await command(folder, 'codegen', '--check', '--no-skills', '--out', out)).status).toBe(0);
    }
  });

  it('write what the contract says when the second may begin, not what it said before', async () => {
    const folder = createScratch({ 'capabilities.yaml': contract });
    const held = path.join(folder, await runFolderName(process.pid, Date.now()));
    mkdirSync(held);
    const run = generate({ directory: folder });
    // Long enough for it to have planned; if it has not, the test shows less and still passes.
    await pause(300);
    writeFiles(folder, { 'capabilities.yaml': both });
    rmSync(held, { recursive: true });
    await run;
    expect((await command(folder, 'codegen', '--check')).status).toBe(0);
  });

  it('see a file that was changed before they may begin, though it is as long and as old as before', async () => {
    const folder = await createAgentFolder();
    const file = path.join(folder, REVIEW);
    const text = readFileSync(file, 'utf8');
    const old = new Date(1_700_000_000_000);
    utimesSync(file, old, old);
    // What was written a moment ago is read again in any case.
    const wait = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    wait();
    writeFiles(folder, { 'capabilities.yaml': both });
    const restore = interceptDisk(({ name, perform }) => {
      // The first comparison has been made, and the lock is about to be taken.
      if (name === 'mkdtempSync') {
        writeFileSync(file, text.replace('review', 'rewiev'));
        utimesSync(file, old, old);
        wait();
      }
      return perform();
    });
    const { overwritten } = await generate({ directory: folder });
    restore();
    expect(overwritten).toEqual([REVIEW]);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('end with 3 and a sentence where the first does not end', async () => {
    const folder = createScratch({ 'capabilities.yaml': contract });
    const name = await runFolderName(process.pid, Date.now());
    mkdirSync(path.join(folder, name));
    const { status, stderr } = await command(folder, 'codegen');
    expect({ status, tree: readTree(folder) }).toEqual({ status: 3, tree: { 'capabilities.yaml': contract } });
    expect(stderr).toMatch(
      new RegExp(
        `^Another run of codegen \\(process ${process.pid}, since .*delete ${name} .*Nothing was written\\.\n$`,
      ),
    );
  });

  it.each<[string, () => Promise<string>]>([
    ['whose process has ended', () => runFolderName(endedPid(), Date.now())],
    [
      'that is older than any run, though its process id is in use',
      () => runFolderName(process.pid, Date.now() - 3_600_000),
    ],
  ])('are not two where the first was left behind: one %s', async (_, createName) => {
    const folder = createScratch({ 'capabilities.yaml': contract });
    const name = await createName();
    writeFiles(folder, { [`${name}/generated/a/index.ts`]: 'half' });
    expect((await command(folder, 'codegen')).status).toBe(0);
    expect(existsSync(path.join(folder, name))).toBe(false);
  });

  it('leave alone what only looks like the folder of a run', async () => {
    const lookalikes = ['.declaragent-run.txt', '.declaragent-run.1.2.abc/mine', 'generated/a/mine.tmp'];
    const folder = await createAgentFolder(Object.fromEntries(lookalikes.map((name) => [name, 'mine\n'])));
    expect(Object.keys(readTree(folder))).toEqual(expect.arrayContaining(lookalikes));
  });
});
