import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLineReader } from '../../src/line-reader.js';

function create(isTerminal: boolean) {
  const input = new PassThrough();
  const output = new PassThrough();
  let interrupts = 0;
  const reader = createLineReader({
    input,
    output: isTerminal ? output : undefined,
    onInterrupt: () => {
      interrupts++;
    },
  });
  return { input, reader, shown: () => String(output.read() ?? ''), interrupts: () => interrupts };
}

describe('lines', () => {
  it('come one after another, however they were cut, and then no more', async () => {
    const { input, reader } = create(false);
    input.write('one\ntw');
    input.write('o\n');
    input.end('last');
    const lines = [];
    for (let line = await reader.next(); line !== undefined; line = await reader.next()) lines.push(line);
    expect(lines).toEqual(['one', 'two', 'last']);
    expect(await reader.next()).toBeUndefined();
  });

  it('are asked for by a prompt on a terminal', async () => {
    const { input, reader, shown } = create(true);
    const line = reader.next();
    expect(shown()).toContain('> ');
    input.write('hello\r');
    expect(await line).toBe('hello');
  });

  it('end with Ctrl-D, and Ctrl-C is told while nobody waits for a line', async () => {
    const { input, reader, interrupts } = create(true);
    input.write('\u0003');
    await expect.poll(interrupts).toBe(1);
    const line = reader.next();
    input.write('\u0004');
    expect(await line).toBeUndefined();
  });

  it('end for who waits when the reader is closed', async () => {
    const { reader } = create(false);
    const line = reader.next();
    reader.close();
    expect(await line).toBeUndefined();
  });
});
