import { subscribe } from 'node:diagnostics_channel';
import { statSync } from 'node:fs';
import path from 'node:path';
import { HOP_CHANNEL, type Hop } from '@declaragent/runtime';
import { connectBus as connectConcierge } from './concierge/generated/bus.gen.js';
import { createPrReviewerClient, type ReviewPrInput } from './concierge/generated/pr-reviewer/index.js';
import { type DemoArguments, readDemoArguments, USAGE } from './demo-arguments.js';
import { connectBus as connectPrReviewer } from './pr-reviewer/generated/bus.gen.js';
import { servePrReviewer } from './pr-reviewer/generated/pr-reviewer/index.js';
import { skills } from './pr-reviewer/skills.js';

const change = changeOf(readDemoArguments(process.argv.slice(2)));

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

console.log(
  `\nconcierge asked pr-reviewer to review ${printable(change.kind === 'patch' ? change.path : change.range)}\n`,
);
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

/** Goes to the folder that the change is in, since the reviewer reads nothing outside the folder that it works in. */
function changeOf(given: DemoArguments): ReviewPrInput['change'] {
  if (given.kind === 'help') {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  if (given.kind === 'mistake') return refuse(given.message);
  // The demo itself runs in dist/. npm runs it at the root of the repository and says in INIT_CWD where the user stands.
  process.chdir(given.kind === 'sample' ? path.dirname(import.meta.dirname) : (process.env['INIT_CWD'] ?? '.'));
  if (given.kind === 'sample') return { kind: 'patch', path: 'changes/add-login.patch' };
  if (given.kind === 'patch' && statSync(given.path, { throwIfNoEntry: false })?.isDirectory()) {
    return refuse(`${given.path} is a folder, and --patch needs a patch file.`);
  }
  return given;
}

function refuse(message: string): never {
  process.stderr.write(`${printable(message)}\n\n${USAGE}`);
  process.exit(2);
}

/** Names of files come from the change: a terminal must not obey them. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
