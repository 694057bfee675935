import { type FakeMessagesApi, type FakeScript, startFakeMessagesApi } from '@declaragent/runtime/testing';
import { afterEach } from 'vitest';
import { command } from './command.js';
import { copyFolder, createScratch } from './scratch.js';

const REVIEW_OUTPUT = {
  type: 'object',
  properties: {
    verdict: { enum: ['approve', 'request-changes', 'comment'] },
    findings: { type: 'array' },
    summary: { type: 'string' },
  },
  required: ['verdict', 'findings', 'summary'],
};

const MEMORY = { kind: 'memory', topics: { requests: 'agents.pr-reviewer.requests' } };

/** The contract of the cookbook, with whatever else a test needs. */
export function reviewContract(more: object = {}, others: readonly object[] = [], transport: object = MEMORY): string {
  return JSON.stringify({
    version: 1,
    agent: 'agent://pr-reviewer',
    transports: [transport],
    capabilities: [
      {
        name: 'review-pr',
        description: 'Reviews a pull request.',
        timeoutMs: 60_000,
        idempotent: true,
        inputSchema: { type: 'object', properties: { prUrl: { type: 'string' } }, required: ['prUrl'] },
        outputSchema: REVIEW_OUTPUT,
        ...more,
      },
      ...others,
    ],
  });
}

/** The rpc-peers.yaml that names the reviewer. */
export function reviewerAsPeer(transport: object = MEMORY): string {
  const agent = 'agent://pr-reviewer';
  return JSON.stringify({
    version: 1,
    peers: [{ agent, contract: '../server/capabilities.yaml', transports: [transport] }],
  });
}

export const CODE_SKILL = `import type { ReviewPrSkill } from '../generated/pr-reviewer/index.js';

export const reviewPr: ReviewPrSkill = async ({ prUrl }, ctx) => {
  ctx.respond({ ok: true, data: { verdict: 'comment', findings: [], summary: \`Looked at \${prUrl}.\` } });
};
`;

export const PROMPT_SKILL = `---
name: review-pr
description: Reviews a pull request.
---
Review the pull request at {{prUrl}}.
`;

const DELEGATE = `---
name: delegate
description: Has a pull request reviewed.
tools: [RequestAgent]
---
Call RequestAgent with to: agent://pr-reviewer, capability: review-pr, payload: { prUrl: "{{prUrl}}" }.
`;

export interface AgentsOptions {
  /** Of the server. */
  readonly contract?: string;
  /** Below the folder that both are in; null for one that is not to be there. */
  readonly files?: Readonly<Record<string, string | null>>;
}

const made = new Map<string, Promise<string>>();

/** A folder with `client` (agent://concierge) and `server` (agent://pr-reviewer), as codegen leaves them. */
export async function createAgents(options: AgentsOptions = {}): Promise<string> {
  // Generated once for all tests of a file that ask for the same, and copied for each.
  const key = JSON.stringify(options);
  const original = made.get(key) ?? generateAgents(options);
  made.set(key, original);
  const folder = createScratch();
  copyFolder(await original, folder);
  return folder;
}

async function generateAgents({ contract = reviewContract(), files = {} }: AgentsOptions): Promise<string> {
  const all: Readonly<Record<string, string | null>> = {
    'client/agent.yaml': 'name: concierge\nmodel: claude-haiku-4-5\ntools:\n  defaults:\n    - RequestAgent\n',
    'client/rpc-peers.yaml': reviewerAsPeer(),
    'client/skills/delegate.md': DELEGATE,
    'server/agent.yaml': 'name: pr-reviewer\n',
    'server/capabilities.yaml': contract,
    'server/skills/review-pr.ts': CODE_SKILL,
    // Two folders of one project, so that one may read the contract of the other.
    'package.json': '{ "private": true, "type": "module" }',
    ...files,
  };
  const present = Object.entries(all).flatMap(([name, text]) => (text === null ? [] : [[name, text] as const]));
  const folder = createScratch(Object.fromEntries(present));
  const { status, stderr } = await command(folder, 'codegen', 'client', 'server');
  if (status !== 0) throw new Error(stderr);
  return folder;
}

const fakes: FakeMessagesApi[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.stop();
});

/** A fake of the Messages API that is stopped when the test has run. */
export async function startFake(script: FakeScript): Promise<FakeMessagesApi> {
  const fake = await startFakeMessagesApi(script);
  fakes.push(fake);
  return fake;
}
