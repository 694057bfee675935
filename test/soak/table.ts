import { boundOf, type Verdict } from './check.js';

/** What a person reads of a soak. */
export function tableOf(kind: string, verdict: Verdict): string {
  const { calls, ok, brokerKills, receiverKills, recoveredMs, p50Ms, p99Ms, seconds } = verdict;
  const codes = Object.entries(verdict.codes).sort(([, one], [, other]) => other - one);
  const promises = (['lost', 'wrong', 'hung', 'twice'] as const).map((name): [string, string] => {
    const bound = boundOf(verdict[name], calls);
    return [name, `${verdict[name]}  (at 95 %: below ${bound.toExponential(1)} a call)`];
  });
  const rows: [string, string][] = [
    ['broker', `${kind}, killed and started again ${brokerKills} times`],
    ['receivers', `two, ${receiverKills} times one was killed`],
    ['calls', `${calls} in ${seconds.toFixed(1)} s`],
    ['ok', `${ok} (p50 ${p50Ms} ms, p99 ${p99Ms} ms)`],
    ['ended by', codes.map(([code, many]) => `${code.replace('EAGENTRPC_', '')} ${many}`).join(', ')],
    ...promises,
    [
      'recovered',
      recoveredMs === null ? 'nothing to recover from' : `${recoveredMs} ms at the most after the broker served again`,
    ],
    ['heap, caller', heap(verdict.callerHeap)],
    ['heap, receiver', heap(verdict.receiverHeap)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n');
}

function heap([start, end]: readonly [number, number]): string {
  const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
  return `${mega(start)} MiB at the start, ${mega(end)} MiB at the end`;
}
