import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { parseSource } from './document.js';
import { isObject } from './json.js';
import { readPlainYaml } from './plain-yaml.js';
import { DONE, NEXT, type ParseWork, PROGRESS, startedThreads, WORKING } from './threads.js';

/** The list of a capabilities file whose items are parsed one by one. */
export const ITEMS_KEY: string = 'capabilities';

/** An item is parsed in the place that it has in the file, so that indentation means the same. */
export const UNDER_KEY: string = `${ITEMS_KEY}:\n`;

/** How long to wait for a thread that has taken an item; one that has died answers never. */
const LONGEST_MS = 10_000;

/** From how many items on a thread has something to take. */
const LEAST_TO_SHARE = 20;

/** The values of items, in their order; undefined for one that is not sound by itself. */
export function parseEach(file: string, texts: readonly string[]): unknown[] {
  const [thread] = texts.length < LEAST_TO_SHARE ? [] : startedThreads();
  if (thread === undefined) return texts.map((text) => parseItem(file, text));
  const { port1: port, port2: theirs } = new MessageChannel();
  const state = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const work = { file, texts, state };
  thread.postMessage({ parse: { ...work, port: theirs } satisfies ParseWork }, [theirs]);
  const values = takeEach(work);
  // The only wait in this thread, and for one item at most: reading is a function that returns when it has read.
  if (Atomics.load(state, PROGRESS) === WORKING) Atomics.wait(state, PROGRESS, WORKING, LONGEST_MS);
  const theirValues = receiveMessageOnPort(port)?.message as Taken | undefined;
  port.close();
  const all = new Map([...values, ...(theirValues ?? [])]);
  return texts.map((text, index) => (all.has(index) ? all.get(index) : parseItem(file, text)));
}

/** Values by the indexes of their items. */
type Taken = ReadonlyMap<number, unknown>;

/** Does a thread's share. */
export function takeItems({ port, ...work }: ParseWork): void {
  const { state } = work;
  Atomics.store(state, PROGRESS, WORKING);
  port.postMessage(takeEach(work));
  Atomics.store(state, PROGRESS, DONE);
  Atomics.notify(state, PROGRESS);
  port.close();
}

function takeEach({ file, texts, state }: Omit<ParseWork, 'port'>): Taken {
  const values = new Map<number, unknown>();
  for (;;) {
    const index = Atomics.add(state, NEXT, 1);
    const text = texts[index];
    if (text === undefined) return values;
    values.set(index, parseItem(file, text));
  }
}

function parseItem(file: string, text: string): unknown {
  const value = readPlainYaml(UNDER_KEY + text) ?? parse(file, UNDER_KEY + text);
  const list = isObject(value) ? value[ITEMS_KEY] : undefined;
  const isOne = Array.isArray(list) && list.length === 1;
  return isOne && Object.keys(value as object).length === 1 ? list[0] : undefined;
}

function parse(file: string, text: string): unknown {
  const { document, problems } = parseSource(file, text);
  return problems.length === 0 ? document.value : undefined;
}
