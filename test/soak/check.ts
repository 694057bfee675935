import type { Entry } from './account.js';

/** How a soak went: what was promised of each call, counted. */
export interface Verdict {
  readonly calls: number;
  readonly ok: number;
  /** Calls whose skill answered, by its own account, and of which the caller was told that nothing had run. */
  readonly lost: number;
  /** Answers that were those of another call, capability or agent. */
  readonly wrong: number;
  /** Calls without an outcome one second after their deadline. */
  readonly hung: number;
  /** Messages of a capability that is not idempotent which ran more than once. */
  readonly twice: number;
  /** The longest time from a broker that serves again to the first answer, in milliseconds; null where none was killed. */
  readonly recoveredMs: number | null;
  readonly brokerKills: number;
  readonly receiverKills: number;
  /** How many calls ended by which code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Time of calls that ended ok, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly seconds: number;
  /** What the caller's heap holds after a tenth of its calls and after all, in bytes. */
  readonly callerHeap: readonly [start: number, end: number];
  /** The same of the receiver that lived the longest. */
  readonly receiverHeap: readonly [start: number, end: number];
}

/** How long after its deadline a call may get its outcome. */
const HUNG_AFTER_MS = 1_000;

/** Joins the accounts of all processes. */
export function checkAccounts(entries: readonly Entry[]): Verdict {
  const calls = new Map<string, { at: number; deadline: number; end?: Extract<Entry, { what: 'ended' }> }>();
  const answered = new Set<string>();
  const runs = new Map<string, number>();
  const codes: Record<string, number> = {};
  for (const entry of entries) {
    if (entry.what === 'called') calls.set(entry.id, { at: entry.at, deadline: entry.deadline });
    else if (entry.what === 'answered') answered.add(entry.id);
    else if (entry.what === 'ran' && entry.capability === 'book') runs.set(entry.id, (runs.get(entry.id) ?? 0) + 1);
  }
  for (const entry of entries) {
    if (entry.what !== 'ended') continue;
    const call = calls.get(entry.id);
    if (call !== undefined) call.end = entry;
    const code = entry.code ?? entry.status;
    codes[code] = (codes[code] ?? 0) + 1;
  }
  const ended = [...calls.entries()];
  const ok = ended.filter(([, { end }]) => end?.status === 'ok');
  const took = ok.map(([, { at, end }]) => (end?.at ?? at) - at).sort((one, other) => one - other);
  const count = (test: (id: string, call: NonNullable<ReturnType<typeof calls.get>>) => boolean): number =>
    ended.filter(([id, call]) => test(id, call)).length;
  const times = ended.flatMap(([, { at, end }]) => [at, end?.at ?? at]);
  const kills = (who: 'broker' | 'receiver'): number =>
    entries.filter((entry) => entry.what === 'killed' && entry.who === who).length;
  return {
    calls: calls.size,
    ok: ok.length,
    lost: count((id, { end }) => end?.executed === 'no' && answered.has(id)),
    wrong: count((_, { end }) => end?.isWrong === true),
    hung: count((_, { deadline, end }) => end === undefined || end.at > deadline + HUNG_AFTER_MS),
    twice: [...runs.values()].filter((many) => many > 1).length,
    recoveredMs: recoveryOf(entries),
    brokerKills: kills('broker'),
    receiverKills: kills('receiver'),
    codes,
    p50Ms: took[Math.floor(took.length / 2)] ?? Number.NaN,
    p99Ms: took[Math.floor(took.length * 0.99)] ?? Number.NaN,
    seconds:
      (times.reduce((a, b) => Math.max(a, b), 0) - times.reduce((a, b) => Math.min(a, b), Number.MAX_VALUE)) / 1_000,
    callerHeap: heapOf(entries, 'caller'),
    receiverHeap: heapOf(entries, 'receiver'),
  };
}

function recoveryOf(entries: readonly Entry[]): number | null {
  const serves = entries.filter((entry) => entry.what === 'serves' && entry.who === 'broker').map(({ at }) => at);
  const answers = entries.flatMap((entry) => (entry.what === 'ended' && entry.status === 'ok' ? [entry.at] : []));
  answers.sort((one, other) => one - other);
  const times = serves.flatMap((at) => {
    const first = answers.find((answer) => answer >= at);
    return first === undefined ? [] : [first - at];
  });
  return times.length === 0 ? null : Math.max(...times);
}

/** Of the process that was weighed over the longest time: a receiver that was killed early says nothing. */
function heapOf(entries: readonly Entry[], who: 'caller' | 'receiver'): readonly [number, number] {
  const weights = entries.flatMap((entry) => (entry.what === 'memory' && entry.who === who ? [entry] : []));
  const pids = [...new Set(weights.map(({ pid }) => pid))];
  const lives = pids.map((pid) => weights.filter((weight) => weight.pid === pid).sort((a, b) => a.at - b.at));
  const spanOf = (life: typeof weights): number => (life.at(-1)?.at ?? 0) - (life[0]?.at ?? 0);
  const [longest = []] = lives.sort((a, b) => spanOf(b) - spanOf(a));
  return [longest[0]?.heapBytes ?? Number.NaN, longest.at(-1)?.heapBytes ?? Number.NaN];
}

/**
 * The largest rate per call that is still likely, at 95 %, where `events` were seen in `calls`: the rate at which so few
 * or fewer come up one time in twenty. Without any event it is the rule of three.
 */
export function boundOf(events: number, calls: number): number {
  let [low, high] = [0, events + 20 * Math.sqrt(events + 1) + 20];
  for (let step = 0; step < 100; step++) {
    const mean = (low + high) / 2;
    if (chanceOfAtMost(events, mean) > 0.05) low = mean;
    else high = mean;
  }
  return low / calls;
}

/** Of a Poisson distribution. */
function chanceOfAtMost(events: number, mean: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  for (let count = 1; count <= events; count++) {
    term *= mean / count;
    sum += term;
  }
  return sum;
}
