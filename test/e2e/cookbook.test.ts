import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FakeRequest } from '@declaragent/runtime/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { startFake } from '../support/agents.js';
import { createProject } from '../support/packages.js';
import { cookbookBlocks } from '../support/readme.js';
import { startShell } from '../support/run-process.js';
import { variablesFor } from '../support/running-agents.js';
import { createScratch } from '../support/scratch.js';

const { scaffold = '', test: tests = '', run = '', line = '', inspect = '' } = cookbookBlocks;
const PR = 'https://github.com/acme/app/pull/42';

/** Where the command declaragent is. */
let bin: string;
beforeAll(() => {
  bin = path.join(createProject({}), 'node_modules/.bin');
}, 240_000);

/** An empty folder in which the page has been followed up to its section on running. */
async function followPage(provider: 'anthropic' | 'offline'): Promise<string> {
  const folder = createScratch();
  const shell = startShell(bin, folder, scaffold.replaceAll('--provider anthropic', `--provider ${provider}`));
  expect({ status: await shell.status, stderr: shell.stderr() }).toMatchObject({ status: 0 });
  expect(readdirSync(folder)).toEqual(['rpc-client', 'rpc-server']);
  return folder;
}

/** Types the section on running, and the line at the prompt. */
async function askBoth(folder: string, environment: Readonly<Record<string, string>> = {}) {
  const shell = startShell(bin, folder, run, environment);
  shell.say(line.trimEnd());
  shell.end();
  return { status: await shell.status, stdout: shell.stdout(), stderr: shell.stderr() };
}

/** Does what skills/delegate.md says: asks the reviewer, and tells a summary of what it finds in the answer. */
function script({ body }: FakeRequest) {
  if (body.messages.length === 1) {
    const payload = { prUrl: PR };
    const input = { to: 'agent://pr-reviewer', capability: 'review-pr', payload, timeoutMs: 60_000 };
    return { toolUses: [{ name: 'RequestAgent', input }] };
  }
  const told = JSON.stringify(body.messages.at(-1));
  const verdict = /verdict\W+(\w+)/.exec(told)?.[1] ?? 'none';
  const summary = /A stub answered for \S+?;/.exec(told)?.[0] ?? 'none';
  return { text: `## Review\n\n- **verdict**: ${verdict}\n- ${summary}` };
}

describe('the cookbook', () => {
  it('has what is typed: two projects, their tests, a run and a line', () => {
    expect(scaffold.match(/^declaragent init --template rpc-(?:client|server) --provider anthropic$/gm)).toHaveLength(
      2,
    );
    expect(tests).toContain('npm install && npm test');
    expect(run).toContain('declaragent run');
    expect(line).toBe(`Please review ${PR}\n`);
  });

  it('leads to a summary in Markdown of what the other agent has answered, by a model', async () => {
    const folder = await followPage('anthropic');
    const fake = await startFake(script);
    const { status, stdout, stderr } = await askBoth(folder, variablesFor(fake.url));
    expect({ status, stdout }, stderr).toEqual({
      status: 0,
      stdout: `## Review\n\n- **verdict**: comment\n- A stub answered for ${PR};\n`,
    });
    const [first] = fake.requests;
    expect(first?.body.model).toBe('claude-haiku-4-5');
    expect(first?.body.tools?.map(({ name }) => name)).toContain('RequestAgent');
    expect(JSON.stringify(first?.body.system)).toContain('Never make up a review');
  });

  it('leads to the same answer without a model, which says that it is offline, and shows what happened', async () => {
    const folder = await followPage('offline');
    const { status, stdout } = await askBoth(folder);
    expect(status).toBe(0);
    expect(stdout).toContain('**Offline: no model was asked.** `review-pr` was called with:');
    expect(stdout).toContain('- **verdict**: comment');
    expect(stdout).toContain(`A stub answered for ${PR}; nobody has reviewed it.`);
    const shell = startShell(bin, folder, inspect);
    expect(await shell.status, shell.stderr()).toBe(0);
    expect(shell.stdout()).toMatch(/^agent:\/\/pr-reviewer +memory +agents\.pr-reviewer\.requests /m);
    expect(shell.stdout()).toMatch(/^ +skill +skills\/review-pr\.ts$/m);
    const hops = [...shell.stdout().matchAll(/ (concierge|pr-reviewer) +(sent|received|answered|settled) .* (\w+)$/gm)];
    // An answer may be there before its sender has written that it was sent.
    expect(hops.map(([, agent, event]) => `${agent} ${event}`).sort()).toEqual([
      ...['concierge sent', 'concierge settled', 'pr-reviewer answered', 'pr-reviewer received'],
    ]);
    expect(new Set(hops.map(([, , , correlation]) => correlation)).size).toBe(1);
  });

  it('says in one sentence what is missing where there is no key, and goes on offline as that says', async () => {
    const folder = await followPage('anthropic');
    const { status, stdout, stderr } = await askBoth(folder);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/rpc-client\/agent\.yaml: .*ANTHROPIC_API_KEY is not set;.* or write provider: offline\.$/),
    ]);
    const agent = path.join(folder, 'rpc-client/agent.yaml');
    writeFileSync(agent, readFileSync(agent, 'utf8').replace('provider: anthropic', 'provider: offline'));
    expect(await askBoth(folder)).toMatchObject({ status: 0 });
  });

  it('has projects that install and pass their tests as it says', async () => {
    const folder = await followPage('anthropic');
    const shell = startShell(bin, folder, tests, { npm_config_prefer_offline: 'true' });
    expect(await shell.status, shell.stderr()).toBe(0);
    expect(shell.stdout().match(/^# fail 0$/gm)).toHaveLength(2);
    const { dependencies } = JSON.parse(readFileSync(path.join(folder, 'rpc-client/package.json'), 'utf8'));
    expect(dependencies).toMatchObject({
      declaragent: expect.stringMatching(/^file:.*\.tgz$/),
      '@declaragent/runtime': expect.stringMatching(/^file:.*\.tgz$/),
    });
  }, 240_000);
});
