/** Our own call: a generated client and a generated server, two buses that meet in memory, validation at all four points. */
import path from 'node:path';
import { AGENT } from '../contract.mjs';

const CALLER = 'agent://bench-caller';

/**
 * How many messages the service may remember, each until its time is up: 30 seconds and 5 of tolerance here. The 100,000
 * that it remembers unless told otherwise are enough for 2,850 calls a second, and then it is busy.
 */
const MAX_ENTRIES = 10_000_000;

/** A key for each of the two, as each of them has both. */
const KEYS = [AGENT, CALLER].map((agent) => ({ keyId: `${agent}-1`, secret: 'a secret for this bench', agent }));

/**
 * @param generated the functions of the generated module
 * @param runtime the modules of @declaragent/runtime; undefined for one that this build has not
 * @param folder where an event log may be written
 * @returns the rows, and a sentence for each that cannot be measured
 */
export async function createRows(generated, { core, memory, eventLog, auth }, folder) {
  const open = async (options) => {
    const broker = memory.createMemoryBroker();
    const createBus = (agent) => core.createBus({ agent, transports: [memory.memory({ broker })], ...options });
    const serving = await createBus(AGENT);
    const duplicates = core.createDuplicates({ maxEntries: MAX_ENTRIES });
    await generated.serveBench(serving, { reviewChange: (input) => input }, { duplicates });
    const calling = await createBus(CALLER);
    const client = generated.createBenchClient(calling);
    return {
      call: (input) => client.reviewChange(input),
      async close() {
        await calling.stop();
        await serving.stop();
      },
    };
  };

  /** The log hears all buses of the process, so it is closed while other rows are measured. */
  const openLogged = async () => {
    let log;
    return {
      ...(await open()),
      resume() {
        log = eventLog.createEventLog({ directory: path.join(folder, 'events') });
      },
      flush: () => log.flush(),
      async rest() {
        await log.close();
        const { written, dropped } = log.counts();
        if (written === 0 || dropped > 0)
          throw new Error(`The event log wrote ${written} hops and dropped ${dropped}.`);
      },
    };
  };

  const ours = { serialises: true, validates: 4, role: 'ours' };
  const rows = [{ id: 'declaragent', name: 'declaragent', notes: 'bytes', ...ours, open }];
  const missing = [];
  if (eventLog === undefined) missing.push('The event log is not measured: this build of the runtime has none.');
  else
    rows.push({
      id: 'declaragentLogged',
      name: 'declaragent, event log',
      notes: 'five hops a call',
      ...ours,
      open: openLogged,
    });
  if (auth?.createAuth === undefined) {
    missing.push('Signed calls are not measured: this build of the runtime has no createAuth.');
  } else {
    const signed = () => open({ auth: auth.createAuth({ keys: KEYS }) });
    rows.push({ id: 'declaragentSigned', name: 'declaragent, signed', notes: 'HMAC both ways', ...ours, open: signed });
  }
  return { rows, missing };
}
