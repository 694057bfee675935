/** How far a server is that has queues to restore: `maybe` where all are there, and some of them since clients have made them. */
export type Restoring = 'done' | 'maybe' | 'under way' | 'failed';

/** A queue that the server has just made: by itself from its store, which knows when it was made first, or for a client. */
const MADE = /Creating queue CreateQueueData\((?<name>[\w.-]+),.*/g;
const FROM_STORE = /,Some\(\d{4}-\d\d-\d\dT/;
const MADE_OR_DELETED = /Creating queue CreateQueueData\((?<made>[\w.-]+),|Deleting queue (?<deleted>[\w.-]+)/g;

/**
 * ElasticMQ 1.6.16 answers before it has restored its queues, logs each that it has, and ends by itself, some twenty seconds
 * later, when somebody has made one of them meanwhile with other attributes.
 *
 * @param before what was logged before this start
 * @param since what was logged since then
 */
export function readRestoring(before: string, since: string): Restoring {
  if (since.includes('Could not start server because QueueAlreadyExists')) return 'failed';
  const missing = new Set<string>();
  for (const { groups: { made, deleted } = {} } of before.matchAll(MADE_OR_DELETED)) {
    if (made !== undefined) missing.add(made);
    if (deleted !== undefined) missing.delete(deleted);
  }
  const byClients = new Set<string>();
  for (const { 0: line, groups: { name = '' } = {} } of since.matchAll(MADE)) {
    if (FROM_STORE.test(line)) missing.delete(name);
    else byClients.add(name);
  }
  if (missing.size === 0) return 'done';
  return [...missing].every((name) => byClients.has(name)) ? 'maybe' : 'under way';
}
