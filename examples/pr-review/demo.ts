import { subscribe } from 'node:diagnostics_channel';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { HOP_CHANNEL, type Hop } from '@declaragent/runtime';
import { connectBus as connectConcierge } from './concierge/generated/bus.gen.js';
import { createPrReviewerClient, type ReviewPrInput } from './concierge/generated/pr-reviewer/index.js';
import { type DemoArguments, type Mistake, mistake, readDemoArguments, USAGE } from './demo-arguments.js';
import { connectBus as connectPrReviewer } from './pr-reviewer/generated/bus.gen.js';
import { servePrReviewer } from './pr-reviewer/generated/pr-reviewer/index.js';
import { skills } from './pr-reviewer/skills.js';

type Change = ReviewPrInput['change'];

const given = readDemoArguments(process.argv.slice(2));
const change = given.kind === 'help' || given.kind === 'mistake' ? given : await findChange(given);
if (change.kind === 'help') {
  process.stdout.write(USAGE);
} else if (change.kind === 'mistake') {
  process.stderr.write(`${printable(change.message)}\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  await review(change);
}

/** Goes to where the change is: the reviewer reads a patch below its working folder, or commits of the repository there. */
async function findChange(given: Exclude<DemoArguments, { kind: 'help' | 'mistake' }>): Promise<Change | Mistake> {
  if (given.kind === 'sample') {
    // What runs is dist/demo.js.
    process.chdir(path.dirname(import.meta.dirname));
    return { kind: 'patch', path: 'changes/add-login.patch' };
  }
  // npm runs the demo at the root of its repository, and says where the user stands.
  process.chdir(process.env['INIT_CWD'] ?? '.');
  if (given.kind === 'patch' && (await isFolder(given.path))) {
    return mistake(`${given.path} is a folder, and --patch needs a patch file.`);
  }
  return given;
}

/** Of a path that cannot be looked at, the reviewer says that there is no such file. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function review(change: Change): Promise<void> {
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

  const what = printable(change.kind === 'patch' ? change.path : change.range);
  console.log(`\nconcierge asked pr-reviewer to review ${what}\n`);
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
}

/** Names of files come from the change: a terminal must not obey them. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
