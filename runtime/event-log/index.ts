export type { LoggedEvent } from './line.js';
export { createEventLog, type EventLog, type EventLogCounts, type EventLogOptions } from './log.js';
export { type EventReading, type ReadCounts, type ReadEventsOptions, readEvents } from './reader.js';
