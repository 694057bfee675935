import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { escapeControls } from '../../../generator/escape.js';
import type { Io } from '../../../src/io.js';
import { hopLine } from '../../../src/run/hop-line.js';
import { createTalk } from '../../../src/run/talk.js';
import { linesOf } from '../../support/command.js';

interface RecordedOptions {
  readonly isTerminal: boolean;
  readonly environment?: Record<string, string>;
  readonly columns?: number;
}

/** Talk whose outside keeps what it gets, in order. */
function createRecorded({ isTerminal, environment = {}, columns }: RecordedOptions) {
  const written: [to: string, text: string][] = [];
  const keep = (to: string) => (text: string) => {
    written.push([to, text]);
  };
  const io: Io = {
    stdout: keep('out'),
    stderr: keep('err'),
    columns,
    cwd: '/',
    environment,
    draw: isTerminal ? keep('draw') : undefined,
    readLines: () => linesOf([]),
    onSignal: () => () => {},
  };
  return {
    talk: createTalk(io),
    written,
    textOf: (to: string) => written.flatMap(([name, text]) => (name === to ? [text] : [])).join(''),
  };
}

const waiting = () => ({ what: 'pr-reviewer: review-pr', deadline: Date.now() + 59_500 });

describe('progress', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says on a terminal what is waited for and for how long, as time goes on', () => {
    const { talk, textOf } = createRecorded({ isTerminal: true });
    const end = talk.wait({ what: 'pr-reviewer: review-pr', deadline: Date.now() + 10_000 });
    vi.advanceTimersByTime(3_000);
    expect(textOf('draw')).toContain('waiting for pr-reviewer: review-pr, 10 s left');
    expect(textOf('draw')).toContain('waiting for pr-reviewer: review-pr, 8 s left');
    expect(textOf('draw')).toContain('\u001b[2m');
    end();
    expect(textOf('draw').endsWith('\r\u001b[2K')).toBe(true);
    expect(textOf('out') + textOf('err')).toBe('');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says nothing of what takes no time', () => {
    const { talk, written } = createRecorded({ isTerminal: true });
    talk.wait(waiting())();
    vi.advanceTimersByTime(1_000);
    expect(written).toEqual([]);
  });

  it('is drawn nowhere off a terminal', () => {
    const { talk, written } = createRecorded({ isTerminal: false });
    const end = talk.wait(waiting());
    vi.advanceTimersByTime(1_000);
    end();
    expect(written).toEqual([]);
  });

  it('has no colour with NO_COLOR, and no wider line than the terminal', () => {
    const { talk, textOf } = createRecorded({ isTerminal: true, environment: { NO_COLOR: '1' }, columns: 40 });
    const end = talk.wait({ what: `\u001b[31m${'x'.repeat(100)}`, deadline: 0 });
    vi.advanceTimersByTime(1_000);
    end();
    expect(textOf('draw')).toContain('xxx');
    expect(textOf('draw')).not.toContain('\u001b[2m');
    for (const line of textOf('draw').split('\r\u001b[2K')) {
      expect(line.length).toBeLessThan(40);
      expect(line).not.toContain('\u001b');
    }
  });

  it('is not drawn over an answer that has begun, and goes on after it', () => {
    const { talk, written } = createRecorded({ isTerminal: true });
    const end = talk.wait(waiting());
    const drawn = (): number => written.filter(([, text]) => text.includes('waiting')).length;
    talk.piece('Half a');
    vi.advanceTimersByTime(1_000);
    expect(drawn()).toBe(0);
    talk.endAnswer();
    vi.advanceTimersByTime(1_000);
    expect(drawn()).toBeGreaterThan(3);
    end();
  });
});

describe('an answer', () => {
  it('ends its line before something else is said on the same terminal', () => {
    const { talk, written } = createRecorded({ isTerminal: true });
    talk.piece('Half');
    talk.line('A hop.');
    expect(written).toEqual([
      ['out', 'Half'],
      ['out', '\n'],
      ['err', 'A hop.\n'],
    ]);
  });

  it('stays in one piece off a terminal', () => {
    const { talk, textOf } = createRecorded({ isTerminal: false });
    talk.piece('Half ');
    talk.line('A hop.');
    talk.piece('whole');
    talk.endAnswer();
    talk.endAnswer();
    expect(textOf('out')).toBe('Half whole\n');
  });

  it('is never cut within a character, whose halves alone would not be escaped', () => {
    const { talk, written } = createRecorded({ isTerminal: false });
    const [first = '', second = ''] = '\u{e0041}'.split('');
    talk.piece(`a${first}`);
    talk.piece(`${second}b`);
    const shown = written.map(([, text]) => escapeControls(text)).join('');
    expect(shown).toBe('a\\u{e0041}b');
  });
});

describe('a hop', () => {
  it('is one line, whatever is in it', () => {
    const line = hopLine({
      event: 'settled',
      agent: 'agent://concierge',
      at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
      kind: 'request',
      from: 'agent://concierge',
      to: 'agent://pr-reviewer',
      capability: 'review-pr',
      status: 'error',
      code: 'NOT_FOUND',
      correlationId: 'c1',
      reason: 'Two\nlines.',
    });
    expect(line).toBe(
      '03:04:05.006 [concierge] settled request concierge > pr-reviewer review-pr error NOT_FOUND correlation c1 Two lines.',
    );
  });
});
