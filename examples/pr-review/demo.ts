import { subscribe } from 'node:diagnostics_channel';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { HOP_CHANNEL, type Hop } from '@declaragent/runtime';
import { connectBus as connectConcierge } from './concierge/generated/bus.gen.js';
import { createPrReviewerClient, type ReviewPrInput } from './concierge/generated/pr-reviewer/index.js';
import { connectBus as connectPrReviewer } from './pr-reviewer/generated/bus.gen.js';
import { servePrReviewer } from './pr-reviewer/generated/pr-reviewer/index.js';
import { skills } from './pr-reviewer/skills.js';

const SAMPLE = path.join(import.meta.dirname, '..', 'changes', 'add-login.patch');

const { values } = parseArgs({ options: { patch: { type: 'string' }, commits: { type: 'string' } } });
const change: ReviewPrInput['change'] =
  values.commits === undefined
    ? { kind: 'patch', path: path.relative(process.cwd(), path.resolve(values.patch ?? SAMPLE)) }
    : { kind: 'commits', range: values.commits };

const hops: Hop[] = [];
subscribe(HOP_CHANNEL, (hop) => hops.push(hop as Hop));

// One process, two agents: what stands between them is the memory transport, which carries the bytes of the wire.
const reviewerBus = await connectPrReviewer();
await servePrReviewer(reviewerBus, skills);
const conciergeBus = await connectConcierge();
const reviewer = createPrReviewerClient(conciergeBus);

const outcome = await reviewer.reviewPr.outcome({ change });
await conciergeBus.stop();
await reviewerBus.stop();

console.log(`\nconcierge asked pr-reviewer to review ${change.kind === 'patch' ? change.path : change.range}\n`);
if (outcome.status === 'ok') {
  const { verdict, findings, summary } = outcome.data;
  console.log(`outcome   ok`);
  console.log(`verdict   ${verdict}`);
  console.log(`summary   ${summary}\n`);
  for (const { file, line, severity, rule, message } of findings) {
    console.log(`  ${severity.padEnd(7)} ${printable(`${file}:${line}`)} (${rule}) ${printable(message)}`);
  }
} else {
  const { error, executed } = outcome;
  console.log(`outcome   ${outcome.status}: ${error.code}, ${printable(error.message)} Executed: ${executed}.`);
  // A declared error narrows to its own details.
  if (error.code === 'DIFF_TOO_LARGE')
    console.log(`          ${error.details.bytes} bytes, limit ${error.details.limit}`);
  process.exitCode = 1;
}

console.log('\nhops');
const [first] = hops;
for (const { at, agent, event, kind = 'call', capability, correlationId } of hops) {
  const time = `+${at - (first?.at ?? at)} ms`.padStart(8);
  const who = agent.replace('agent://', '').padEnd(12);
  console.log(`${time}  ${who} ${event.padEnd(9)} ${kind.padEnd(9)} ${capability}  correlationId ${correlationId}`);
}

/** Names of files come from the change: a terminal must not obey them. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
