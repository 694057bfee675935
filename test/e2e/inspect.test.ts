import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createEventLog } from '../../runtime/event-log/index.js';
import { createAgents } from '../support/agents.js';
import { declaragent } from '../support/declaragent.js';
import { report } from '../support/event-log.js';
import { buildProgram } from '../support/program.js';
import { startRun } from '../support/run-process.js';
import { createScratch } from '../support/scratch.js';

let program: string;
beforeAll(() => {
  program = buildProgram();
}, 120_000);

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

describe('what the guide says under "Inspect"', () => {
  it('works in the folder of either agent after a run', async () => {
    const folder = await createAgents();
    const run = startRun(program, folder, [
      '--agent',
      'client/agent.yaml',
      '--agent',
      'server/agent.yaml',
      '--verbose',
    ]);
    run.say('Please review https://github.com/acme/app/pull/42');
    run.end();
    expect(await run.status).toBe(0);
    const correlation = /^correlation (\S+)$/m.exec(run.stderr())?.[1] ?? 'none';
    for (const name of ['client', 'server']) {
      const cwd = path.join(folder, name);
      const { status, stdout } = await declaragent(program, cwd, 'events', 'list', '--correlation', correlation);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^concierge > pr-reviewer review-pr {2}ok +\|█+\| +\d+ ms$/m);
    }
    const peers = await declaragent(program, path.join(folder, 'client'), 'rpc', 'peers');
    expect(peers).toMatchObject({ status: 0, stdout: expect.stringContaining('agent://pr-reviewer  memory') });
    const capabilities = await declaragent(program, path.join(folder, 'server'), 'rpc', 'capabilities');
    expect(capabilities).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('skill       skills/review-pr.ts'),
    });
  });
});

describe('declaragent events list --follow', () => {
  it('tells every hop once while segments are begun and deleted, and ends by a signal', async () => {
    const folder = createScratch();
    const directory = path.join(folder, '.declaragent/events');
    const log = createEventLog({ directory, maxSegmentBytes: 2_000, maxBytes: 8_000 });
    ends.push(() => void log.close());
    const cli = path.join(program, 'src/cli.js');
    const args = [cli, 'events', 'list', '--follow', '--json', '--since', '2020-01-01'];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    ends.push(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    const ids = (): string[] => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).messageId]));
    const wanted: string[] = [];
    for (let batch = 0; batch < 12; batch++) {
      for (let index = 0; index < 8; index++) {
        const messageId = `m${batch}-${index}`;
        wanted.push(messageId);
        report({ messageId, at: Date.now() });
      }
      await log.flush();
      // What was written is read before it is old enough to be deleted.
      await expect.poll(() => ids().length, { timeout: 20_000 }).toBe(wanted.length);
    }
    expect(ids()).toEqual(wanted);
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    expect((await closed)[0]).toBe(143);
  });

  it('ends in silence when nobody reads it any more', async () => {
    const folder = createScratch();
    const log = createEventLog({ directory: path.join(folder, '.declaragent/events') });
    for (let index = 0; index < 20_000; index++) report({ messageId: `m${index}` });
    await log.close();
    const script = `"$0" "$1" events list --json | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const args = ['-c', script, process.execPath, path.join(program, 'src/cli.js')];
    const text = execFileSync('bash', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    expect(text).toBe('{\n0\n');
  });
});
