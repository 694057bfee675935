import { isAgentRpcError } from '@declaragent/runtime';
import { type Companion, isInMemory, startCompanion } from '../companion.js';
import { configOfPeer, connectConfig } from '../connect-config.js';
import { connectFailureSentence } from '../connect-remedy.js';
import type { Io } from '../io.js';
import type { OpenedAgent } from '../open-agent.js';
import { OpenAgentError } from '../open-agent-error.js';
import { hashContract, type Pong, ping } from '../ping.js';
import type { PeerRow } from './peer-table.js';

/** Whether a peer is there, and serves what this agent was generated for. */
export type Verified = Pong & {
  /** `equal`, `differs`; `not told` where it does not say, `none` where this agent has no contract of it. */
  readonly contractMatch: 'equal' | 'differs' | 'not told' | 'none';
  readonly tookMs: number;
};

/** Asks a peer over its transport; one that is reached by memory is served here for it. */
export async function verifyPeer(
  opened: OpenedAgent,
  row: PeerRow,
  index: number,
  timeoutMs: number,
  io: Io,
): Promise<Verified> {
  const start = performance.now();
  const pong = await askPeer(opened, row, index, timeoutMs, io);
  return { ...pong, contractMatch: matchOf(opened, row, pong), tookMs: Math.round(performance.now() - start) };
}

async function askPeer(opened: OpenedAgent, row: PeerRow, index: number, timeoutMs: number, io: Io): Promise<Pong> {
  const { bus: description, address } = { ...opened.description, ...opened };
  if (description === null) return { status: 'unreachable', reason: `${address} has no transport.` };
  let companion: Companion | undefined;
  try {
    if (isInMemory(opened, row.agent)) {
      companion = await startCompanion(opened, row.agent, io);
      io.stderr(
        `${row.agent} is served in this process from ${companion.folder}, since memory joins one process only.\n`,
      );
    }
    const bus = await connectWithin(
      connectConfig(configOfPeer(description, address, index), opened),
      row.agent,
      timeoutMs,
    );
    try {
      return await ping(bus, row.agent, timeoutMs);
    } finally {
      await bus.stop({ graceMs: 0 }).catch(() => {});
    }
  } catch (error) {
    if (error instanceof OpenAgentError) return { status: 'no responder', reason: error.message };
    // What the driver of a broker throws is of no class of ours.
    if (error instanceof Error || isAgentRpcError(error))
      return { status: 'unreachable', reason: connectFailureSentence(error) };
    throw error;
  } finally {
    await companion?.stop();
  }
}

/** A driver may try for minutes. */
function connectWithin<T>(connecting: Promise<T>, peer: string, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = new Error(`The broker of ${peer} does not answer within ${timeoutMs} ms.`);
    const timer = setTimeout(() => reject(late), timeoutMs);
    connecting.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function matchOf({ peers }: OpenedAgent, { agent }: PeerRow, pong: Pong): Verified['contractMatch'] {
  const known = peers.find(({ contract }) => contract.agent === agent);
  if (known === undefined) return 'none';
  if (pong.status !== 'reachable' || pong.contract === undefined) return 'not told';
  return pong.contract === hashContract(known.contract) ? 'equal' : 'differs';
}
