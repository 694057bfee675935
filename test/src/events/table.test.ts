import { describe, expect, it } from 'vitest';
import { parseSince } from '../../../src/events/since.js';
import { createStopwatch } from '../../../src/events/stopwatch.js';
import { createEventTable, shortIdLength } from '../../../src/events/table.js';
import { noInk } from '../../../src/screen/cell.js';
import { logged, request, START, sampleChain } from '../../support/logged-chain.js';

function tableOf(events: ReturnType<typeof sampleChain>, isStreamed = false): string {
  const stopwatch = createStopwatch();
  for (const event of events) stopwatch.see(event);
  return createEventTable({ ink: noInk, tookMs: stopwatch.tookMs, idLength: 8, isStreamed }).lines(events);
}

describe('the table of hops', () => {
  it('has a line for each, with what it took', () => {
    expect(tableOf(sampleChain())).toBe(
      `TIME          AGENT        EVENT      CAPABILITY  PEER              STATUS             TOOK    CORRELATION
2026-01-01 UTC
00:00:00.000  concierge    sent       review-pr   to pr-reviewer                               019b76da
00:00:00.012  pr-reviewer  received   review-pr   from concierge                               019b76da
00:00:00.020  pr-reviewer  sent       lint        to linter                                    019b76da
00:00:00.025  pr-reviewer  sent       keep        to archive                                   019b76da
00:00:00.425  pr-reviewer  sent       keep        to archive                                   019b76da
00:00:00.430  archive      received   keep        from pr-reviewer                             019b76da
00:00:00.431  archive      received   keep        from pr-reviewer                             019b76da
00:00:00.431  archive      duplicate  keep        from pr-reviewer                             019b76da
00:00:00.480  archive      answered   keep        to pr-reviewer    FULL               50 ms   019b76da
00:00:00.485  pr-reviewer  settled    keep        to archive        FULL               460 ms  019b76da
00:00:02.020  pr-reviewer  settled    lint        to linter         EAGENTRPC_TIMEOUT  2 s     019b76da
00:00:02.030  pr-reviewer  answered   review-pr   to concierge                         2.02 s  019b76da
00:00:02.044  concierge    settled    review-pr   to pr-reviewer    ok                 2.04 s  019b76da
00:00:02.300  pr-reviewer  late       lint        from linter                                  019b76da
`,
    );
  });

  it('has a heading for each day', () => {
    const day = 86_400_000;
    const text = tableOf([logged(0, 'a', 'sent'), logged(1, 'a', 'sent'), logged(day, 'a', 'sent')]);
    expect(text.match(/^.* UTC$/gm)).toEqual(['2026-01-01 UTC', '2026-01-02 UTC']);
  });

  it('keeps its columns whatever stands in a log', () => {
    const odd = `\u001b[31m宽\u202e\u{1f600}${'x'.repeat(500)}`;
    const call = request('m1', odd, odd, odd);
    const text = tableOf([logged(0, 'a', 'sent', call), logged(1, 'a', 'refused', { ...call, code: odd })]);
    const [title = '', , ...lines] = text.trimEnd().split('\n');
    for (const line of lines) {
      expect(line).toMatch(/^[\x20-\x7e…]+$/);
      expect(line.indexOf('019b76da')).toBe(title.indexOf('CORRELATION'));
    }
    expect(tableOf([logged(8.64e15, 'a', 'sent'), logged(Number.MAX_VALUE, 'a', 'sent')])).toContain('????-??-?? UTC');
  });

  it('says how many hops were not written', () => {
    expect(tableOf([logged(0, 'a', 'dropped', { count: 7 })])).toContain('7 hops not written');
  });

  it('shows as much of an id as tells it from all others', () => {
    expect(shortIdLength([])).toBe(8);
    expect(shortIdLength(['aaaaaaaa-bbbb', 'aaaaaaaa-bbcc'])).toBe(12);
    expect(shortIdLength(['aaaaaaaa-bbbb', 'aaaaaaaa-bbbb'])).toBe(8);
  });
});

describe('--since', () => {
  it.each([
    ['30s', START - 30_000],
    ['15m', START - 900_000],
    ['2h', START - 7_200_000],
    ['7d', START - 604_800_000],
    ['2026-01-01', START],
    ['2026-01-01T01:00:00+01:00', START],
    ['2026-01-01T00:00:00.5Z', START + 500],
    ['yesterday', null],
    ['15', null],
    ['2026-13-01', null],
    ['', null],
  ])('reads %j', (word, time) => {
    expect(parseSince(word, START)).toBe(time);
  });
});
