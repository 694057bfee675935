import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProject, run } from '../support/packages.js';
import { readTree, repository, writeFiles } from '../support/scratch.js';

/** A client and a server in one process, and a stranger who writes its envelope by hand. */
const MAIN = `
import { AgentRpcError, createBus, decodeEnvelope } from '@declaragent/runtime';
import { createMemoryBroker, memory } from '@declaragent/runtime/memory';
import { createPrReviewerClient, type ReviewPrInput, type ReviewPrSkill, servePrReviewer } from './generated/pr-reviewer/index.js';
import { skills as skeletons } from './skills.js';

const ran: string[] = [];
const reviewPr: ReviewPrSkill = async ({ prUrl }) => {
  ran.push(prUrl);
  return { verdict: 'approve', findings: [], summary: prUrl };
};

async function start(skills: { readonly reviewPr: ReviewPrSkill }) {
  const broker = createMemoryBroker();
  const transports = [memory({ broker })];
  const server = await createBus({ agent: 'agent://pr-reviewer', transports });
  const caller = await createBus({ agent: 'agent://concierge', transports });
  await servePrReviewer(server, skills);
  return { broker, server, caller, client: createPrReviewerClient(caller) };
}

const { broker, server, caller, client } = await start({ reviewPr });
const refusal = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof AgentRpcError)) throw error;
    return { code: error.code, executed: error.executed, details: error.details };
  }
};

const answer = await client.reviewPr({ prUrl: 'https://example.com/1' });
const refusedHere = await refusal(client.reviewPr({ prUrl: 7 } as unknown as ReviewPrInput));

const response = new Promise((resolve) => {
  broker.subscribe('agents.stranger.responses', 'responses', ({ bytes }) => resolve(decodeEnvelope(bytes).payload));
});
const envelope = {
  version: 1, kind: 'request', messageId: 'm1', correlationId: 'c1', from: 'agent://stranger', to: 'agent://pr-reviewer',
  capability: 'review-pr', replyTo: 'memory://agents.stranger.responses', payload: { prUrl: 7 },
};
const bytes = new TextEncoder().encode(JSON.stringify(envelope));
broker.publish({ topic: 'agents.pr-reviewer.requests', kind: 'request', bytes, messageId: 'm1', correlationId: 'c1' });
const refusedThere = await response;

const other = await start(skeletons);
const skeleton = await refusal(other.client.reviewPr({ prUrl: 'x' }));
await Promise.all([server, caller, other.server, other.caller].map((bus) => bus.stop()));
console.log(JSON.stringify({ answer, refusedHere, refusedThere, skeleton, ran }));
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    skipLibCheck: true,
    outDir: 'build',
    types: ['node'],
    typeRoots: [path.join(repository, 'node_modules/@types')],
  },
  include: ['**/*.ts'],
  exclude: ['build'],
};

let project: string;
let said: {
  readonly answer: unknown;
  readonly refusedHere: unknown;
  readonly refusedThere: unknown;
  readonly skeleton: unknown;
  readonly ran: unknown;
};

beforeAll(() => {
  const contract = readFileSync(path.join(repository, 'fixtures/valid/seed.yaml'), 'utf8');
  project = createProject({ 'capabilities.yaml': contract });
  run(project, 'npx', '--no-install', 'declaragent', 'codegen');
  writeFiles(project, { 'main.ts': MAIN, 'tsconfig.json': JSON.stringify(TSCONFIG) });
  const tsc = path.join(repository, 'node_modules/typescript/bin/tsc');
  run(project, process.execPath, tsc, '-p', '.');
  said = JSON.parse(run(project, process.execPath, 'build/main.js'));
}, 240_000);

describe('an empty project with the two packages and the contract of the cookbook', () => {
  it('gets an answer to a valid call', () => {
    expect(said.answer).toEqual({ verdict: 'approve', findings: [], summary: 'https://example.com/1' });
  });

  it('has a wrong input refused before it is sent, with the JSON Pointer to what is wrong', () => {
    expect(said.refusedHere).toMatchObject({ code: 'EAGENTRPC_SCHEMA_VIOLATION', executed: 'no' });
    expect(JSON.stringify(said.refusedHere)).toContain('"path":"/prUrl"');
  });

  it('has a wrong input that comes past the client refused by the server, with the same pointer', () => {
    expect(said.refusedThere).toMatchObject({ ok: false, error: { code: 'EAGENTRPC_SCHEMA_VIOLATION' } });
    expect(JSON.stringify(said.refusedThere)).toContain('"path":"/prUrl"');
  });

  it('runs its skill for the valid call alone', () => {
    expect(said.ran).toEqual(['https://example.com/1']);
  });

  it('is answered NOT_IMPLEMENTED by a skeleton', () => {
    expect(said.skeleton).toMatchObject({ code: 'EAGENTRPC_NOT_IMPLEMENTED' });
  });

  it('ships code that imports the runtime and its own files, and no ajv', () => {
    const sources = ['generated', 'skills'].flatMap((folder) => Object.values(readTree(path.join(project, folder))));
    const imports = new Set(sources.join('\n').match(/(?<= from '|import\(')[^'.][^']*/g));
    expect([...imports].sort()).toEqual([
      '@declaragent/runtime',
      ...['connect', 'memory', 'validation'].map((door) => `@declaragent/runtime/${door}`),
    ]);
  });

  it('has a runtime without dependencies', () => {
    const manifest = readFileSync(path.join(project, 'node_modules/@declaragent/runtime/package.json'), 'utf8');
    expect(JSON.parse(manifest)).not.toHaveProperty('dependencies');
  });
});
