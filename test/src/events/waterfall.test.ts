import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createChain, onlyFailed } from '../../../src/events/chain.js';
import { waterfallText } from '../../../src/events/waterfall.js';
import { noInk, terminalInk } from '../../../src/screen/cell.js';
import { CORRELATION, logged, request, response, sampleChain } from '../../support/logged-chain.js';
import { repository } from '../../support/scratch.js';

const PLAIN = { columns: 100, ink: noInk };

describe('the waterfall of a chain', () => {
  it('shows each call below the one that it was made for, in time, with where its time went', () => {
    expect(waterfallText(createChain(CORRELATION, sampleChain()), PLAIN)).toBe(
      `correlation ${CORRELATION}
2026-01-01 00:00:00.000 UTC, 3 calls, 2.3 s, by the logs of archive, concierge, pr-reviewer

concierge > pr-reviewer review-pr  ok       |███████████████████████████████████████    |    2.04 s
    12 ms in the queue, 2.02 s at pr-reviewer, 14 ms on the way back
  pr-reviewer > linter lint        timeout  |██████████████████████████████████████     |       2 s
      no answer: timeout after 2 s
      EAGENTRPC_TIMEOUT: agent://linter did not answer lint in time.
      no log of linter is here
      an answer came 280 ms after the end
  pr-reviewer > archive keep       error    |██████████                                 |    460 ms
      405 ms in the queue, 50 ms at archive, 5 ms on the way back
      FULL: No room.
      2 attempts: sent again after 400 ms
      came twice, and was not run again
`,
    );
  });

  it('is the one that docs/events.md shows', () => {
    const page = readFileSync(path.join(repository, 'docs/events.md'), 'utf8');
    expect(page).toContain(waterfallText(createChain(CORRELATION, sampleChain()), PLAIN));
  });

  it('is coloured by outcome on a terminal', () => {
    const text = waterfallText(createChain(CORRELATION, sampleChain()), { columns: 100, ink: terminalInk });
    expect(text).toContain('\u001b[32mok');
    expect(text).toContain('\u001b[31mtimeout');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken away
    expect(text.replace(/\u001b\[\d+m/g, '')).toBe(waterfallText(createChain(CORRELATION, sampleChain()), PLAIN));
  });

  it('is made from the log of the receiver alone', () => {
    const events = sampleChain().filter(({ agent }) => agent === 'agent://archive');
    expect(waterfallText(createChain(CORRELATION, events), PLAIN).split('\n').slice(3)).toEqual([
      'pr-reviewer > archive keep  error    |██████████████████████████████████████████████████| ' + '    50 ms',
      '    50 ms at archive',
      '    FULL',
      '    no log of pr-reviewer is here',
      '    came twice, and was not run again',
      '',
    ]);
  });

  it('keeps what went wrong and what it was made for, if no more is asked', () => {
    const review = request('m1', 'a', 'b', 'one');
    const other = request('m2', 'a', 'b', 'two');
    const events = [
      logged(0, 'a', 'sent', review),
      logged(1, 'a', 'settled', { ...review, status: 'ok' }),
      logged(2, 'a', 'sent', other),
      logged(3, 'a', 'settled', { ...other, status: 'busy', code: 'EAGENTRPC_BUSY' }),
    ];
    expect(onlyFailed(createChain(CORRELATION, events)).calls.map(({ messageId }) => messageId)).toEqual(['m2']);
    const ofSample = onlyFailed(createChain(CORRELATION, sampleChain())).calls.map(({ messageId }) => messageId);
    expect(ofSample).toEqual(['m1', 'm2', 'm3']);
  });

  it('says what the logs do not', () => {
    const one = request('m1', 'a', 'b', 'one');
    const tell = (...events: Parameters<typeof logged>[]) =>
      waterfallText(
        createChain(
          CORRELATION,
          events.map((event) => logged(...event)),
        ),
        PLAIN,
      );
    expect(tell([0, 'a', 'sent', one])).toContain('no end is logged: it runs, or its caller was killed');
    expect(tell([0, 'a', 'sent', one], [9, 'b', 'received', one])).toContain('b has not answered');
    expect(tell([9, 'a', 'sent', one], [0, 'b', 'received', one])).toContain('clocks differ by 9 ms or more');
    expect(tell([0, 'b', 'received', one], [5, 'b', 'refused', { ...one, code: 'EAGENTRPC_BUSY' }])).toContain('error');
    expect(tell([0, 'a', 'sent', { ...one, kind: 'event' }])).toContain('one (event)');
    const answers = response('m1', 'a', 'b', 'one');
    const readOfA = createChain(CORRELATION, [logged(0, 'b', 'received', one)], ['agent://a']);
    expect(waterfallText(readOfA, PLAIN)).toContain('a has logged nothing of it');
    const again = tell(
      [0, 'a', 'sent', one],
      [10, 'b', 'received', one],
      [500, 'b', 'received', one],
      [520, 'b', 'answered', answers],
    );
    expect(again).toContain('10 ms in the queue, 490 ms until it came again, 20 ms at b');
    expect(again).toContain('came again, and ran again');
    expect(tell([0, 'b', 'received', one], [5, 'b', 'unanswered', answers])).toContain(
      'b could not publish its answer',
    );
  });

  it('ends with calls that cause each other, and with any depth of them', () => {
    const loop = [
      logged(0, 'a', 'sent', request('m1', 'a', 'b', 'one', 'm2')),
      logged(1, 'b', 'sent', request('m2', 'b', 'a', 'two', 'm1')),
    ];
    expect(createChain(CORRELATION, loop).calls.map(({ messageId, depth }) => [messageId, depth])).toEqual([
      ['m2', 0],
      ['m1', 1],
    ]);
    const deep = Array.from({ length: 20_000 }, (_, index) =>
      logged(index, 'a', 'sent', request(`m${index}`, 'a', 'b', 'one', `m${index - 1}`)),
    );
    const chain = createChain(CORRELATION, deep);
    expect(chain.calls.at(-1)?.depth).toBe(19_999);
    expect(waterfallText(chain, PLAIN).split('\n').length).toBeGreaterThan(20_000);
  });

  it('shows what acts on a terminal, hides or has no width as escapes, within its columns', () => {
    const odd = '\u001b[2J\u202e\u{1f600}宽e\u0301';
    const call = { ...request('m1', 'a', 'b', odd), reason: `x${odd}\n\ny`, from: `agent://${odd}` };
    const events = [logged(0, 'a', 'sent', call), logged(5, 'a', 'settled', { ...call, status: 'error', code: odd })];
    const text = waterfallText(createChain(`id${odd}`, events), PLAIN);
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}](?<!\n)/u);
    expect(text).toContain('\\u001b[2J\\u202e\\u{1f600}\\u5bbd');
    const [bar = ''] = text.split('\n').filter((line) => line.includes('█'));
    expect(bar.length).toBeLessThanOrEqual(100);
    expect(bar).toMatch(/^[\x20-\x7e█…]+$/);
  });
});
