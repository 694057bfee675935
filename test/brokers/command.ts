import { BROKER_KINDS, type BrokerKind } from './broker.js';
import { installBrokers } from './install.js';
import { brokerPrograms } from './programs.js';
import { describeBroker, startAtUsualPort } from './usual-port.js';

const USAGE = `Usage: npm run brokers -- install [kind…]   get what is missing, after saying what that is
       npm run brokers -- list              what is there
       npm run brokers -- start KIND        start one on 127.0.0.1, until Ctrl-C, at its usual port if that is free

Kinds: ${BROKER_KINDS.join(', ')}.`;

const say = (line: string): void => console.log(line);
const [act, ...names] = process.argv.slice(2);
const unknown = names.filter((name) => !isKind(name));
const kinds = names.filter(isKind);

if (unknown.length > 0) {
  fail(`There is no broker of kind ${unknown.join(', ')}.`);
} else if (act === 'install') {
  process.exitCode = installBrokers(kinds.length > 0 ? kinds : BROKER_KINDS, say) ? 0 : 1;
} else if (act === 'list') {
  for (const kind of BROKER_KINDS) say(`${kind}: ${brokerPrograms[kind].missing() ?? 'there'}`);
} else if (act === 'start' && kinds[0] !== undefined && kinds.length === 1) {
  await run(kinds[0]);
} else if (act === '--help') {
  say(USAGE);
} else {
  fail('');
}

async function run(kind: BrokerKind): Promise<void> {
  const missing = brokerPrograms[kind].missing();
  if (missing !== undefined)
    return fail(`For ${kind} this machine lacks ${missing}; run "npm run brokers -- install ${kind}".`);
  const broker = await startAtUsualPort(kind);
  say(describeBroker(broker).join('\n'));
  // Ctrl-C comes from the terminal and again from npm, and the second one must not end this process before the broker.
  let isClosing = false;
  const stop = (): void => {
    if (!isClosing) void broker.close();
    isClosing = true;
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await broker.ended;
  console.error(`The ${kind} broker has ended by itself, and what it held is deleted; start it again.`);
  stop();
  process.exitCode = 1;
}

function isKind(name: string): name is BrokerKind {
  return (BROKER_KINDS as readonly string[]).includes(name);
}

function fail(reason: string): void {
  console.error(reason === '' ? USAGE : `${reason}\n\n${USAGE}`);
  process.exitCode = 2;
}
