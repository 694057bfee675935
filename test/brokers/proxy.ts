import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What stands between one client and its broker, and spoils what passes. */
export interface FaultProxy {
  readonly port: number;
  /** Ends all connections without a word and refuses new ones, until `open`. */
  cut(): void;
  /** Takes connections again, and lets everything pass. */
  open(): void;
  /** Nothing passes any more in that direction, or in both, and neither side is told: TCP half open. Undone by `open`. */
  stall(direction?: Direction): void;
  /** Everything takes so much longer to pass. Undone by 0. */
  delay(ms: number): void;
  /** How many bytes a second pass in each direction. Undone by Infinity. */
  throttle(bytesPerSecond: number): void;
  /** Ends a connection after so many bytes from the broker, counted from now on. */
  cutAfter(bytes: number): void;
  /** How many connections there are. */
  connections(): number;
  close(): Promise<void>;
}

/** Where to. */
export type Direction = 'toBroker' | 'toClient';

/** Puts a proxy on a free port of 127.0.0.1, in front of a port of it. */
export async function createFaultProxy(brokerPort: number): Promise<FaultProxy> {
  const pairs = new Set<readonly [client: Socket, broker: Socket]>();
  const stalled = new Set<Direction>();
  let isCut = false;
  let delayMs = 0;
  let bytesPerSecond = Number.POSITIVE_INFINITY;
  let bytesUntilCut = Number.POSITIVE_INFINITY;
  /** What goes on where a direction flows again. */
  let resumed: (() => void)[] = [];

  const end = (pair: readonly [Socket, Socket]): void => {
    pairs.delete(pair);
    for (const socket of pair) socket.resetAndDestroy();
  };

  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const pump = async (pair: readonly [Socket, Socket], direction: Direction): Promise<void> => {
    const [from, to] = direction === 'toBroker' ? pair : ([pair[1], pair[0]] as const);
    for await (const chunk of from as AsyncIterable<Buffer>) {
      while (stalled.has(direction)) await new Promise<void>((resolve) => resumed.push(resolve));
      const slowMs = delayMs + (chunk.length / bytesPerSecond) * 1_000;
      if (slowMs > 0) await wait(slowMs);
      if (direction === 'toClient') {
        bytesUntilCut -= chunk.length;
        if (bytesUntilCut < 0) {
          bytesUntilCut = Number.POSITIVE_INFINITY;
          return end(pair);
        }
      }
      if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
    }
    to.end();
  };

  const server = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const broker = connect(brokerPort, '127.0.0.1');
    const pair = [client, broker] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => end(pair));
      socket.on('close', () => end(pair));
    }
    // A socket that is destroyed under its reader ends the pump by throwing.
    pump(pair, 'toBroker').catch(() => end(pair));
    pump(pair, 'toClient').catch(() => end(pair));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const flow = (): void => {
    stalled.clear();
    for (const go of resumed) go();
    resumed = [];
  };

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const pair of pairs) end(pair);
      flow();
    },
    open() {
      isCut = false;
      flow();
    },
    stall(direction) {
      for (const one of direction === undefined ? (['toBroker', 'toClient'] as const) : [direction]) stalled.add(one);
    },
    delay(ms) {
      delayMs = ms;
    },
    throttle(rate) {
      bytesPerSecond = rate;
    },
    cutAfter(bytes) {
      bytesUntilCut = bytes;
    },
    connections: () => pairs.size,
    async close() {
      for (const pair of pairs) end(pair);
      flow();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
