import path from 'node:path';
import { createEventLog, type EventLog } from '@declaragent/runtime/event-log';
import type { OpenedAgent } from '../open-agent.js';

/** Where the log of an agent lies, below its folder. */
export const EVENTS_FOLDER = '.declaragent/events';

/** Writes the hops of one agent into its own folder, whoever else is in the process. */
export function openEventLog({ folder, address, own, peers }: OpenedAgent): EventLog {
  const contracts = new Set([...(own === undefined ? [] : [own]), ...peers.map(({ contract }) => contract)]);
  return createEventLog({
    directory: path.join(folder, EVENTS_FOLDER),
    agents: [address],
    contracts: [...contracts],
  });
}
