import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LoggedEvent } from '@declaragent/runtime/event-log';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { agentFolderOf } from '../open-agent.js';
import { jsonLine, jsonText } from '../report/json.js';
import { count } from '../report/words.js';
import { EVENTS_FOLDER } from '../run/event-log.js';
import { watchSignals } from '../run/shutdown.js';
import { cell } from '../screen/cell.js';
import { inkOf, writeInked } from '../screen/screen.js';
import { type Chain, createChain, isFailure, onlyFailed } from './chain.js';
import { chainsOf, findCorrelation } from './correlation.js';
import { followLogs } from './follow.js';
import { findLogFolders, type LogFolders } from './log-folders.js';
import { pageText } from './page.js';
import { countsText, type LogReading, readLogs } from './read-logs.js';
import { parseSince } from './since.js';
import { createStopwatch } from './stopwatch.js';
import { createEventTable, shortIdLength } from './table.js';
import { waterfallText } from './waterfall.js';

export interface ListOptions {
  readonly folders: readonly string[];
  readonly agent: readonly string[];
  readonly correlation?: string;
  readonly failed?: boolean;
  readonly since?: string;
  readonly last?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly html?: string;
}

/** What is asked for, read. */
interface Wanted extends Omit<ListOptions, 'since' | 'last' | 'folders' | 'agent'> {
  readonly since: number | undefined;
  readonly last: number | undefined;
  readonly find: () => Promise<LogFolders>;
}

const DEFAULT_LAST = 500;
/** A browser takes as many at once. */
const DEFAULT_LAST_OF_PAGE = 5_000;
const DEFAULT_COLUMNS = 100;

export async function listEvents(options: ListOptions, io: Io): Promise<ExitCode> {
  const wanted = readOptions(options, io);
  if (wanted === null) return EXIT.usage;
  try {
    return wanted.follow === true ? await follow(wanted, io) : await list(wanted, io);
  } catch (error) {
    const { code, path: file } = error as NodeJS.ErrnoException;
    if (code === undefined || file === undefined) throw error;
    io.stderr(`${file} cannot be read (${code}).\n`);
    return EXIT.environment;
  }
}

function readOptions(options: ListOptions, io: Io): Wanted | null {
  const { folders, agent, since: sinceWord, last: lastWord, ...rest } = options;
  const { follow: isFollowed = false, json = false, html, correlation } = rest;
  const refuse = (sentence: string): null => {
    io.stderr(`${sentence}\n`);
    return null;
  };
  const since = sinceWord === undefined ? undefined : parseSince(sinceWord, Date.now());
  if (since === null) return refuse(`--since takes 30s, 15m, 2h, 7d or a date, and not "${sinceWord}".`);
  if (lastWord !== undefined && !/^[1-9]\d{0,8}$/.test(lastWord)) {
    return refuse(`--last takes a number, such as 100, and not "${lastWord}".`);
  }
  if (html !== undefined && (isFollowed || json)) return refuse('--html goes with neither --follow nor --json.');
  if (correlation === '') return refuse('--correlation takes an id, or its beginning.');
  const isWhole = json || correlation !== undefined;
  const most = html === undefined ? DEFAULT_LAST : DEFAULT_LAST_OF_PAGE;
  const named = [
    ...folders.map((folder) => path.resolve(io.cwd, folder)),
    ...agent.map((a) => agentFolderOf(a, io.cwd)),
  ];
  const roots = [...new Set(named.length === 0 ? [io.cwd] : named)];
  const missing = roots.find((folder) => !existsSync(folder));
  if (missing !== undefined) return refuse(`The folder ${path.relative(io.cwd, missing)} does not exist.`);
  return {
    ...rest,
    since,
    last: lastWord === undefined ? (isWhole ? undefined : most) : Number(lastWord),
    find: () => findLogFolders(roots, correlation !== undefined),
  };
}

async function list(wanted: Wanted, io: Io): Promise<ExitCode> {
  const { correlation, failed = false, json = false, html, since, last } = wanted;
  const folders = await wanted.find();
  const isWanted = (event: LoggedEvent): boolean =>
    correlation === undefined
      ? !failed || html !== undefined || isFailure(event)
      : event.correlationId?.startsWith(correlation) === true;
  const stopwatch = createStopwatch();
  const ids = new Set<string>();
  const agents = new Set<string>();
  const reading = await readLogs(folders.logs, {
    isWanted,
    onEvent(event) {
      stopwatch.see(event);
      agents.add(event.agent);
      if (event.correlationId !== undefined) ids.add(event.correlationId);
    },
    last,
    ...(since === undefined ? {} : { since }),
  });
  const broken = countsText(reading.counts);
  if (broken !== undefined) io.stderr(`${broken}\n`);
  const id = correlation === undefined ? undefined : findCorrelation(correlation, reading.events);
  if (id !== undefined && 'candidates' in id) {
    const shown = id.candidates.slice(0, 10).map((each) => `  ${cell(each)}\n`);
    io.stderr(`${id.candidates.length} correlations begin with "${correlation}"; give more of one:\n${shown.join('')}`);
    return EXIT.usage;
  }
  const events = id === undefined ? reading.events : reading.events.filter((event) => event.correlationId === id.id);
  if (events.length === 0) tellNothing(wanted, folders, io);
  const chain = id === undefined || events.length === 0 ? undefined : shownChain(id.id, events, failed, agents);
  if (html !== undefined && reading.omitted > 0) tellOmitted(reading.omitted, io);
  if (html !== undefined) return writePage(html, chain === undefined ? chainsOf(events, failed, agents) : [chain], io);
  const ofCalls = chain === undefined ? undefined : new Set(chain.calls.flatMap((call) => call.events));
  const shown = ofCalls === undefined ? events : events.filter((event) => ofCalls.has(event));
  if (json) io.stdout(jsonText(documentOf({ ...reading, events: shown }, folders, chain)));
  else if (chain !== undefined)
    writeInked(waterfallText(chain, { columns: io.columns || DEFAULT_COLUMNS, ink: inkOf(io) }), io);
  else if (events.length > 0) {
    writeInked(
      createEventTable({ ink: inkOf(io), tookMs: stopwatch.tookMs, idLength: shortIdLength(ids) }).lines(events),
      io,
    );
    if (reading.omitted > 0) tellOmitted(reading.omitted, io);
  }
  return EXIT.done;
}

function tellOmitted(omitted: number, io: Io): void {
  io.stderr(`${count(omitted, 'earlier hop')} not shown; --last shows more.\n`);
}

function shownChain(
  id: string,
  events: readonly LoggedEvent[],
  failed: boolean,
  readAgents: ReadonlySet<string>,
): Chain {
  const chain = createChain(id, events, readAgents);
  return failed ? onlyFailed(chain) : chain;
}

function documentOf({ events, counts, omitted }: LogReading, { logs }: LogFolders, chain: Chain | undefined) {
  // The hops of a call are among the events.
  const calls = chain?.calls.map(({ events: _, ...call }) => call);
  return { version: 1, logs, counts, omitted, ...(calls === undefined ? {} : { calls }), events };
}

function tellNothing({ correlation, failed = false, since }: Wanted, { looked, logs }: LogFolders, io: Io): void {
  const what = [
    failed ? 'that went wrong' : '',
    since === undefined ? '' : `since ${new Date(since).toISOString()}`,
    correlation === undefined ? '' : `with the correlation ${correlation}`,
  ].filter((part) => part !== '');
  const where = looked.map(
    (folder) => `  ${folder}${logs.includes(path.join(folder, EVENTS_FOLDER)) ? '' : ' (no log)'}\n`,
  );
  io.stderr(`There is no event${what.length === 0 ? '' : ` ${what.join(' ')}`} in:\n${where.join('')}`);
}

function writePage(file: string, chains: readonly Chain[], io: Io): ExitCode {
  const page = pageText(chains);
  if (file === '-') {
    io.stdout(page);
    return EXIT.done;
  }
  try {
    writeFileSync(path.resolve(io.cwd, file), page);
  } catch (error) {
    io.stderr(`${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).\n`);
    return EXIT.environment;
  }
  io.stderr(`${file}: ${count(chains.length, 'chain')} of calls.\n`);
  return EXIT.done;
}

async function follow({ correlation, failed = false, json = false, since, find }: Wanted, io: Io): Promise<ExitCode> {
  const shutdown = watchSignals(io);
  const stopwatch = createStopwatch();
  const table = createEventTable({ ink: inkOf(io), tookMs: stopwatch.tookMs, isStreamed: true });
  try {
    await followLogs({
      findLogs: async () => (await find()).logs,
      since: since ?? Date.now(),
      isWanted: (event) =>
        (correlation === undefined || event.correlationId?.startsWith(correlation) === true) &&
        (!failed || isFailure(event)),
      stopwatch,
      onEvents(events) {
        if (json) io.stdout(events.map(jsonLine).join(''));
        else writeInked(table.lines(events), io);
      },
      signal: shutdown.asked,
    });
    return shutdown.exitCode() ?? EXIT.done;
  } finally {
    shutdown.close();
  }
}
