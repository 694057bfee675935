import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/program.js';
import { command, linesOf } from '../../support/command.js';
import { CORRELATION, logged, request, sampleChain } from '../../support/logged-chain.js';
import { createScratch, writeFiles } from '../../support/scratch.js';

type Events = ReturnType<typeof sampleChain>;

/** Writes what an agent's log would hold. */
function writeLog(folder: string, id: string, events: Events, more = ''): void {
  const log = path.join(folder, '.declaragent/events');
  mkdirSync(log, { recursive: true });
  const lines = events.map(({ writer: _, ...event }) => `${JSON.stringify({ v: 1, ...event })}\n`);
  writeFileSync(path.join(log, `${id}.${events[0]?.at ?? 0}.1-a.1.jsonl`), lines.join('') + more);
}

/** Folders of the agents of the sample, each with what it has seen. */
function sampleFolders(): string {
  const folder = createScratch({
    'concierge/agent.yaml': 'name: concierge\n',
    'archive/capabilities.yaml': 'version: 1\n',
    'pr-reviewer/capabilities.yaml': 'version: 1\n',
  });
  for (const id of ['concierge', 'pr-reviewer', 'archive']) {
    const own = sampleChain().filter(({ agent }) => agent === `agent://${id}`);
    writeLog(path.join(folder, id), id, own);
  }
  return folder;
}

describe('events list', () => {
  it('lists the hops of all agents below a folder, in the order of time', async () => {
    const { status, stdout, stderr } = await command(sampleFolders(), 'events', 'list');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2 + sampleChain().length);
    expect(lines.slice(2).map((line) => line.slice(0, 12))).toEqual(
      lines
        .slice(2)
        .map((line) => line.slice(0, 12))
        .sort(),
    );
  });

  it('puts a chain together from an agent, its neighbours and the folders of its peers', async () => {
    const folder = sampleFolders();
    for (const cwd of ['', 'concierge']) {
      const args = ['events', 'list', '--correlation', CORRELATION.slice(0, 6)];
      const { stdout } = await command(path.join(folder, cwd), ...args);
      expect(stdout).toContain('by the logs of archive, concierge, pr-reviewer');
      expect(stdout).toContain('no answer: timeout after 2 s');
    }
  });

  it('reads the agents that are named, and no neighbours of them', async () => {
    const { stdout } = await command(sampleFolders(), 'events', 'list', '--agent', 'concierge/agent.yaml', '--json');
    const agents = JSON.parse(stdout).events.map(({ agent }: { agent: string }) => agent);
    expect(new Set(agents)).toEqual(new Set(['agent://concierge']));
  });

  it('is one JSON document, with the calls of a chain', async () => {
    const folder = sampleFolders();
    const { stdout } = await command(folder, 'events', 'list', '--correlation', CORRELATION, '--json');
    const { calls, events, version, counts } = JSON.parse(stdout);
    expect({ version, counts }).toEqual({ version: 1, counts: { torn: 0, unknown: 0, dropped: 0 } });
    expect(events).toHaveLength(sampleChain().length);
    expect(calls).toMatchObject([
      { messageId: 'm1', depth: 0, outcome: 'ok', attempts: 1 },
      { messageId: 'm2', parent: 'm1', depth: 1, outcome: 'timeout', code: 'EAGENTRPC_TIMEOUT' },
      { messageId: 'm3', parent: 'm1', depth: 1, outcome: 'error', attempts: 2, duplicates: 1 },
    ]);
  });

  it('keeps what went wrong, with what it took', async () => {
    const { stdout } = await command(sampleFolders(), 'events', 'list', '--failed');
    expect(stdout.trimEnd().split('\n').slice(2)).toEqual([
      expect.stringMatching(/archive +answered .* FULL +50 ms/),
      expect.stringMatching(/pr-reviewer +settled .* FULL +460 ms/),
      expect.stringMatching(/pr-reviewer +settled .* EAGENTRPC_TIMEOUT +2 s/),
      expect.stringMatching(/pr-reviewer +late /),
    ]);
  });

  it('keeps the last, and says how many came before them', async () => {
    const { stdout, stderr } = await command(sampleFolders(), 'events', 'list', '--last', '2');
    expect(stdout.trimEnd().split('\n')).toHaveLength(4);
    expect(stderr).toBe('12 earlier hops not shown; --last shows more.\n');
  });

  it('shortens correlations so that each is told from all that were read, shown or not', async () => {
    const folder = createScratch({ 'agent.yaml': 'name: a\n' });
    const of = (correlationId: string, messageId: string) => ({
      ...request(messageId, 'a', 'b', 'one'),
      correlationId,
    });
    writeLog(folder, 'a', [
      logged(0, 'a', 'sent', of('019b76da-1111', 'm1')),
      logged(1, 'a', 'sent', of('019b76da-1122', 'm2')),
    ]);
    const { stdout } = await command(folder, 'events', 'list', '--last', '1');
    expect(stdout.trimEnd().endsWith(' 019b76da-112')).toBe(true);
  });

  it('refuses a folder that is not there', async () => {
    const { status, stdout, stderr } = await command(createScratch({}), 'events', 'list', 'nodir');
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: 'The folder nodir does not exist.\n' });
  });

  it('says where it has looked when there is nothing', async () => {
    const folder = createScratch({ 'one/agent.yaml': 'name: one\n' });
    const { status, stdout, stderr } = await command(folder, 'events', 'list', '--since', '15m', '--correlation', 'x');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^There is no event since 20.* with the correlation x in:\n/);
    expect(stderr).toContain(`  ${folder}/one (no log)\n`);
    const { stdout: json } = await command(folder, 'events', 'list', '--json');
    expect(JSON.parse(json)).toMatchObject({ version: 1, events: [] });
  });

  it('counts lines that are broken or of another version', async () => {
    const folder = createScratch();
    writeLog(folder, 'a', [logged(0, 'a', 'sent', request('m1', 'a', 'b', 'one'))], '{"v":9}\n{"v":1,"at"');
    const { stderr } = await command(folder, 'events', 'list');
    expect(stderr).toBe('Note: 1 line is broken, 1 line is of another version.\n');
  });

  it('asks for more of an id that several begin with', async () => {
    const folder = createScratch();
    const ids = ['abc1', 'abc2\u001b[2J'];
    writeLog(
      folder,
      'a',
      ids.map((correlationId) => logged(0, 'a', 'sent', { correlationId })),
    );
    const { status, stdout, stderr } = await command(folder, 'events', 'list', '--correlation', 'abc');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe('2 correlations begin with "abc"; give more of one:\n  abc1\n  abc2\\u001b[2J\n');
    expect((await command(folder, 'events', 'list', '--correlation', 'abc1')).status).toBe(0);
  });

  it.each([
    ['--since', 'yesterday'],
    ['--last', '0'],
    ['--correlation', ''],
    ['--html', 'x.html', '--json'],
    ['--html', 'x.html', '--follow'],
  ])('refuses %s %s', async (...args) => {
    const { status, stdout } = await command(createScratch(), 'events', 'list', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  it('writes a page, or says why not', async () => {
    const folder = sampleFolders();
    const args = ['events', 'list', '--correlation', CORRELATION, '--html'];
    const { status, stdout, stderr } = await command(folder, ...args, 'chain.html');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: 'chain.html: 1 chain of calls.\n' });
    expect(readFileSync(path.join(folder, 'chain.html'), 'utf8')).toContain(CORRELATION);
    expect((await command(folder, ...args, 'nowhere/chain.html')).status).toBe(3);
  });
});

describe('events list --follow', () => {
  it('tells what is written from now on, once, whatever becomes of the files', async () => {
    const folder = createScratch();
    const now = Date.now();
    const at = (offset: number) => ({
      ...logged(0, 'a', 'sent', request(`m${offset}`, 'a', 'b', 'one')),
      at: now + offset,
    });
    writeLog(folder, 'a', [at(-60_000), at(-50_000)]);
    let stdout = '';
    let stop = (): void => {};
    const status = run(['events', 'list', '--follow', '--json'], {
      stdout: (text) => {
        stdout += text;
      },
      stderr: () => {},
      columns: undefined,
      cwd: folder,
      environment: {},
      draw: undefined,
      readLines: () => linesOf([]),
      onSignal: (handle) => {
        stop = () => handle('SIGINT');
        return () => {};
      },
    });
    const ids = () => stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).messageId]));
    const log = path.join(folder, '.declaragent/events');
    const line = (event: object) => `${JSON.stringify({ v: 1, ...event })}\n`;
    await new Promise((resolve) => setTimeout(resolve, 400));
    writeFiles(log, { [`a.${now}.2-b.1.jsonl`]: line(at(10_000)) });
    await expect.poll(ids, { timeout: 20_000 }).toEqual(['m10000']);
    // The next segment, and the same hop twice within it.
    writeFiles(log, { [`a.${now + 1}.2-b.2.jsonl`]: line(at(20_000)) + line(at(20_000)) });
    await expect.poll(ids, { timeout: 20_000 }).toEqual(['m10000', 'm20000', 'm20000']);
    stop();
    expect(await status).toBe(130);
  });
});
