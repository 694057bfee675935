import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { agentFolderOf, openAgent } from '../open-agent.js';
import { InvalidFolderError } from '../open-agent-error.js';
import { jsonText } from '../report/json.js';
import { createTalk } from '../run/talk.js';
import { durationText } from '../screen/cell.js';
import { columnsText } from '../screen/columns.js';
import { inkOf, writeInked } from '../screen/screen.js';
import { tellFailure } from '../tell-failure.js';
import { type PeerRow, peerTable, permissionText } from './peer-table.js';
import { type Verified, verifyPeer } from './verify-peer.js';

export interface ShowPeersOptions {
  readonly agent: string;
  readonly verify?: boolean;
  readonly timeout?: string;
  readonly json?: boolean;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

export async function showPeers(options: ShowPeersOptions, io: Io): Promise<ExitCode> {
  const { agent, verify = false, timeout = String(DEFAULT_TIMEOUT_MS), json = false } = options;
  if (!/^[1-9]\d{0,5}$/.test(timeout) || Number(timeout) > MAX_TIMEOUT_MS) {
    io.stderr(`--timeout takes milliseconds, 1 to ${MAX_TIMEOUT_MS}, and not "${timeout}".\n`);
    return EXIT.usage;
  }
  const folder = agentFolderOf(agent, io.cwd);
  try {
    const rows = peerTable(await describe(folder));
    if (rows.length === 0) io.stderr(`There is no peer: no rpc-peers.yaml in ${folder} names one.\n`);
    const verified = verify ? await verifyAll(folder, rows, Number(timeout), io) : undefined;
    if (json)
      io.stdout(jsonText({ version: 1, peers: rows.map((row, index) => ({ ...row, ...jsonOf(verified?.[index]) })) }));
    else if (rows.length > 0) writeInked(tableText(rows, verified, io), io);
    if (!json) for (const [index, result] of (verified ?? []).entries()) tellReason(rows[index], result, io);
    return exitCodeOf(verified ?? []);
  } catch (error) {
    return tellFailure(error, 'rpc', io);
  }
}

async function describe(folder: string) {
  const { ContractError, describeFolder } = await import('../../generator/index.js');
  return describeFolder(folder).catch((error: unknown) => {
    throw error instanceof ContractError ? new InvalidFolderError(folder, error) : error;
  });
}

async function verifyAll(folder: string, rows: readonly PeerRow[], timeoutMs: number, io: Io): Promise<Verified[]> {
  const opened = await openAgent(folder, io.environment);
  const talk = createTalk(io);
  const end = talk.wait({ what: `${rows.length} peers`, deadline: Date.now() + timeoutMs });
  try {
    return await Promise.all(rows.map((row, index) => verifyPeer(opened, row, index, timeoutMs, io)));
  } finally {
    end();
    talk.close();
  }
}

function jsonOf(verified: Verified | undefined): object {
  return verified === undefined ? {} : { verified };
}

function tableText(rows: readonly PeerRow[], verified: readonly Verified[] | undefined, io: Io): string {
  const titles = ['AGENT', 'TRANSPORT', 'REQUESTS', 'CONTRACT', 'CAPABILITIES', 'PERMISSION'];
  const more = verified === undefined ? [] : ['STATUS', 'SERVES', 'TOOK'];
  const lines = rows.map((row, index) => [
    row.agent,
    [row.transport, ...row.others].join(', '),
    row.requests,
    row.contract ?? '-',
    row.capabilities === null ? '-' : String(row.capabilities.length),
    permissionText(row),
    ...verifiedCells(verified?.[index]),
  ]);
  return columnsText([...titles, ...more], lines, inkOf(io));
}

const SERVES: Readonly<Record<Verified['contractMatch'], string>> = {
  equal: 'this contract',
  differs: 'another contract',
  'not told': 'not told',
  none: '-',
};

function verifiedCells(verified: Verified | undefined): string[] {
  if (verified === undefined) return [];
  return [verified.status, SERVES[verified.contractMatch], durationText(verified.tookMs)];
}

function tellReason(row: PeerRow | undefined, verified: Verified, io: Io): void {
  const agent = row?.agent ?? '';
  if (verified.status !== 'reachable') io.stderr(`${agent}: ${verified.reason}\n`);
  else if (verified.code !== undefined && verified.code !== 'EAGENTRPC_NO_CAPABILITY') {
    io.stderr(`${agent} answers, with ${verified.code}; declaragent explain ${verified.code} says more.\n`);
  }
  if (verified.contractMatch === 'differs') {
    io.stderr(
      `${agent} serves another contract than the one that generated/ was made from; see that ${row?.contract ?? 'its contract here'} ` +
        'is what it serves, and run declaragent codegen.\n',
    );
  }
}

function exitCodeOf(verified: readonly Verified[]): ExitCode {
  if (verified.some(({ status }) => status !== 'reachable')) return EXIT.environment;
  return verified.some(({ contractMatch }) => contractMatch === 'differs') ? EXIT.findings : EXIT.done;
}
