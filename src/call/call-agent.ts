import { type Bus, type CapabilityContract, type Contract, createCall, type Outcome } from '@declaragent/runtime';
import { reportOutcome } from '../agent/outcome-report.js';
import { findPeerCapability } from '../agent/peer.js';
import { type Companion, isInMemory, startCompanion } from '../companion.js';
import { connectAgent } from '../connect-agent.js';
import { configOfSelf, connectConfig, connectFailureText } from '../connect-config.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { agentFolderOf, type OpenedAgent, openAgent } from '../open-agent.js';
import { OpenAgentError } from '../open-agent-error.js';
import { jsonText } from '../report/json.js';
import { openEventLog } from '../run/event-log.js';
import { watchSignals } from '../run/shutdown.js';
import { createTalk } from '../run/talk.js';
import { tellFailure } from '../tell-failure.js';
import { adviceToPerson } from './advice.js';
import { invalidInputReport, parseInput, readInputText, tellViolations } from './read-input.js';

export interface CallAgentOptions {
  readonly to: string;
  readonly capability: string;
  readonly input?: string;
  readonly timeout?: string;
  /** The caller: an agent.yaml, or its folder. */
  readonly agent: string;
  readonly json?: boolean;
}

interface Target {
  readonly contract: Contract;
  readonly capability: CapabilityContract;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 600_000;

export async function callAgent(options: CallAgentOptions, io: Io): Promise<ExitCode> {
  const { to, capability: name, timeout, agent } = options;
  if (
    timeout !== undefined &&
    !(/^\d{1,6}$/.test(timeout) && Number(timeout) >= 1 && Number(timeout) <= MAX_TIMEOUT_MS)
  ) {
    io.stderr(`--timeout takes milliseconds, 1 to ${MAX_TIMEOUT_MS}, and not "${timeout}".\n`);
    return EXIT.usage;
  }
  try {
    const opened = await openAgent(agentFolderOf(agent, io.cwd), io.environment);
    const target = await findTarget(opened, to, name, io);
    if (target === undefined) return EXIT.usage;
    const input = parseInput(await readInputText(options.input, io), io);
    if (input === undefined) return EXIT.usage;
    const violations = target.capability.input.findViolations(input.value);
    if (violations !== null) {
      tellViolations(violations, name, io);
      if (options.json === true) io.stdout(jsonText({ version: 1, ...invalidInputReport(violations, name) }));
      return EXIT.findings;
    }
    return await call(opened, target, input.value, options, io);
  } catch (error) {
    return tellFailure(error, 'call', io);
  }
}

/** The capability that is meant; undefined, with a sentence, where there is none. */
async function findTarget(opened: OpenedAgent, to: string, name: string, io: Io): Promise<Target | undefined> {
  const { own, address, peers, description } = opened;
  const capability = to === address ? own?.capabilities[name] : undefined;
  if (own !== undefined && capability !== undefined) return { contract: own, capability };
  const found = to === address ? undefined : findPeerCapability(peers, to, name);
  if (found !== undefined) return found;
  const { nearest } = await import('../../generator/index.js');
  const agents = [
    ...new Set([...(own === undefined ? [] : [address]), ...peers.map(({ contract }) => contract.agent)]),
  ];
  if (!agents.includes(to as never)) {
    const near = nearest(to, agents) ?? agents.find((known) => known === `agent://${to}`);
    const why = description.peerAgents.includes(to)
      ? `${to} has no contract in rpc-peers.yaml, so that nobody knows what it takes; add "contract:" and run declaragent codegen.`
      : `${address} knows no ${to}${near === undefined ? '.' : `; did you mean ${near}?`}`;
    io.stderr(`${why}\nRun declaragent rpc peers to see whom it knows.\n`);
    return undefined;
  }
  const names = to === address ? Object.keys(own?.capabilities ?? {}) : namesOf(opened, to);
  const near = nearest(name, names);
  io.stderr(`${to} has no capability ${name}${near === undefined ? '.' : `; did you mean ${near}?`}\n`);
  io.stderr(`It has ${names.join(', ')}.\n`);
  return undefined;
}

function namesOf({ peers }: OpenedAgent, agent: string): string[] {
  return peers.filter(({ contract }) => contract.agent === agent).map(({ capability }) => capability.name);
}

async function call(
  opened: OpenedAgent,
  { contract, capability }: Target,
  input: unknown,
  { to, timeout, json = false }: CallAgentOptions,
  io: Io,
): Promise<ExitCode> {
  const talk = createTalk(io);
  const shutdown = watchSignals(io);
  const log = openEventLog(opened);
  let companion: Companion | undefined;
  let bus: Bus | undefined;
  try {
    if (isInMemory(opened, to)) {
      companion = await startCompanion(opened, to, io);
      talk.line(`${to} is served in this process from ${companion.folder}, since memory joins one process only.`);
    }
    bus = await connectTo(opened, to);
    const timeoutMs = timeout === undefined ? (capability.timeoutMs ?? DEFAULT_TIMEOUT_MS) : Number(timeout);
    const end = talk.wait({
      what: `${to.replace('agent://', '')}: ${capability.name}`,
      deadline: Date.now() + timeoutMs,
    });
    const outcome = await createCall(bus, contract, capability)
      .outcome(input, { timeoutMs, signal: shutdown.asked })
      .finally(end);
    tellOutcome(outcome, capability, json, io);
    talk.line(`correlation ${outcome.correlationId}`);
    return shutdown.exitCode() ?? exitCodeOf(outcome);
  } finally {
    await bus?.stop({ graceMs: 0 }).catch(() => {});
    await companion?.stop().catch(() => {});
    await log.close();
    shutdown.close();
    talk.close();
  }
}

/** The folder's own bus; for its own agent, which no table of peers names, one that leads to itself. */
async function connectTo(opened: OpenedAgent, to: string): Promise<Bus> {
  const { address, description } = opened;
  if (to !== address || description.bus === null) return (await connectAgent(opened)).bus;
  try {
    return await connectConfig(configOfSelf(description.bus, address), opened);
  } catch (error) {
    throw new OpenAgentError(connectFailureText(address, error), { cause: error, exitCode: EXIT.environment });
  }
}

function tellOutcome(outcome: Outcome<unknown>, capability: CapabilityContract, json: boolean, io: Io): void {
  const { correlationId, messageId } = outcome;
  const told = reportOutcome(outcome, capability.idempotent);
  const report = told.status === 'ok' ? told : { ...told, advice: adviceToPerson(told, capability) };
  if (json) {
    io.stdout(jsonText({ version: 1, ...report, correlationId, messageId }));
    return;
  }
  if (report.status === 'ok') {
    io.stdout(jsonText(report.data));
    return;
  }
  const { status, code, message, executed, details, advice } = report;
  io.stderr(`${status}: ${code}: ${message}\n`);
  if (details !== undefined) io.stderr(`  details: ${JSON.stringify(details)}\n`);
  io.stderr(`  executed: ${executed}\n  ${advice}\n`);
}

function exitCodeOf(outcome: Outcome<unknown>): ExitCode {
  if (outcome.status === 'ok') return EXIT.done;
  const { code } = outcome.error;
  const isOutside =
    code === 'EAGENTRPC_NO_TRANSPORT' || (code === 'EAGENTRPC_PUBLISH_FAILED' && outcome.executed === 'no');
  return isOutside ? EXIT.environment : EXIT.failed;
}
