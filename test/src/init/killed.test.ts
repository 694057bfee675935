import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { buildProgram } from '../../support/program.js';
import { createScratch, readTree, removeScratch } from '../../support/scratch.js';

let program: string;
beforeAll(() => {
  program = buildProgram();
}, 120_000);

/** Runs init in a folder until it ends, or until `kill` resolves. */
async function init(
  folder: string,
  kill: (child: { readonly exitCode: number | null }) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [path.join(program, 'src/cli.js'), 'init', '--template', 'rpc-server'], {
    cwd: folder,
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await Promise.race([ended, kill(child).then(() => child.kill('SIGKILL'))]);
  await ended;
}

const never = (): Promise<void> => new Promise(() => {});

it('init that is killed leaves all of a project or nothing, and the next one takes away what it has left', async () => {
  const whole = createScratch();
  await init(whole, never);
  const expected = Object.keys(readTree(whole)).length;
  let cutOff = 0;
  for (let moment = 0; moment < 6; moment++) {
    const folder = createScratch();
    await init(folder, async (child) => {
      // From the moment at which there is something to be left half done.
      while (readdirSync(folder).length === 0 && child.exitCode === null) await pause(2);
      await pause(moment * 15);
    });
    const target = path.join(folder, 'rpc-server');
    if (existsSync(target)) expect(Object.keys(readTree(target))).toHaveLength(expected);
    else {
      cutOff++;
      expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.rpc-server\.init-\d+$/)]);
      await init(folder, never);
      expect(readdirSync(folder)).toEqual(['rpc-server']);
      expect(Object.keys(readTree(folder))).toHaveLength(expected);
    }
    removeScratch(folder);
  }
  expect(cutOff).toBeGreaterThan(0);
}, 120_000);
