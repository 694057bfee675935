import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BROKER_KINDS, type BrokerKind } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { readAccounts } from './account.js';
import { checkAccounts } from './check.js';
import { soak } from './soak.js';
import { tableOf } from './table.js';

/**
 * Calls over a real broker, while it and the receivers are killed, and what came of each call:
 *
 *   npm run soak -- --broker nats --calls 2000 --kills 2 --seed 1 --json FILE
 */
const USAGE = `Usage: npm run soak -- --broker ${BROKER_KINDS.join('|')} [options]

  --calls N           how many calls (2000)
  --kills N           how often the broker is killed and started again (2)
  --receiver-kills N  how often a receiver is (as often as the broker)
  --seed N            what is drawn by chance: which calls, and the moments of the kills (1)
  --in-flight N       how many calls at once (32)
  --timeout MS        how long a call may take (5000)
  --set NAME=JSON     a setting of the transport, such as --set jetstream=true; may be given again
  --json FILE         writes the verdict there
  --keep              leaves the accounts of all processes on disk, and says where`;

const { values } = parseArgs({
  options: {
    broker: { type: 'string' },
    calls: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '2' },
    'receiver-kills': { type: 'string' },
    seed: { type: 'string', default: '1' },
    'in-flight': { type: 'string', default: '32' },
    timeout: { type: 'string', default: '5000' },
    set: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

function fail(reason: string): never {
  console.error(`${reason}\n\n${USAGE}`);
  process.exit(2);
}

function whole(name: string, text: string, least: number): number {
  const number = Number(text);
  return Number.isSafeInteger(number) && number >= least
    ? number
    : fail(`--${name} takes a whole number from ${least}.`);
}

const kind = BROKER_KINDS.find((known) => known === values.broker) as BrokerKind;
if (kind === undefined) fail('--broker names one of the kinds.');
const missing = brokerPrograms[kind].missing();
if (missing !== undefined) fail(`This machine lacks ${missing}; run "npm run brokers -- install ${kind}".`);
const settings = Object.fromEntries(
  values.set.map((text) => {
    const [name, json] = text.split(/=(.*)/s);
    try {
      return [name, JSON.parse(json ?? '')];
    } catch {
      return fail(`--set takes NAME=JSON, and not ${text}.`);
    }
  }),
);

const folder = mkdtempSync(path.join(tmpdir(), `declaragent-soak-${kind}-`));
const kills = whole('kills', values.kills, 0);
await soak({
  ...{ kind, folder, settings, kills },
  calls: whole('calls', values.calls, 1),
  receiverKills: values['receiver-kills'] === undefined ? kills : whole('receiver-kills', values['receiver-kills'], 0),
  seed: whole('seed', values.seed, 0),
  inFlight: whole('in-flight', values['in-flight'], 1),
  timeoutMs: whole('timeout', values.timeout, 1),
  say: (line) => console.error(line),
});

const verdict = checkAccounts(readAccounts(folder));
console.log(tableOf(kind, verdict));
if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify({ broker: kind, seed: Number(values.seed), settings, ...verdict }, null, 2)}\n`,
  );
}
const { lost, wrong, hung, twice } = verdict;
const isBroken = lost + wrong + hung + twice > 0;
if (isBroken || values.keep) console.log(`The accounts of all processes are in ${folder}.`);
else rmSync(folder, { recursive: true });
// One that ended before all had died has not shown what it was asked to.
const isWhole = verdict.calls === Number(values.calls) && verdict.brokerKills === kills && verdict.ok > 0;
if (isBroken || !isWhole) process.exitCode = 1;
