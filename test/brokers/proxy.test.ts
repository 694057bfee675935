import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createFaultProxy } from './proxy.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});

/** A server that echoes, a proxy in front of it, and a client. */
async function open() {
  const server = createServer((socket) => socket.pipe(socket).on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await createFaultProxy((server.address() as AddressInfo).port);
  const dial = async (): Promise<Socket> => {
    const socket = connect(proxy.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  cleanups.push(
    () => proxy.close(),
    () => server.close(),
  );
  return { proxy, dial };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const echo = async (socket: Socket, text: string): Promise<string> => {
  const answer = once(socket, 'data');
  socket.write(text);
  return String(((await answer) as [Buffer])[0]);
};

test('bytes pass both ways', async () => {
  const { proxy, dial } = await open();
  expect(await echo(await dial(), 'hello')).toBe('hello');
  expect(proxy.connections()).toBe(1);
});

test('a cut ends connections and refuses new ones until it is open again', async () => {
  const { proxy, dial } = await open();
  const socket = await dial();
  await echo(socket, 'hello');
  const closed = once(socket, 'error');
  proxy.cut();
  expect(String(await closed)).toMatch(/ECONNRESET/);
  await expect(dial().then((refused) => echo(refused, 'hello'))).rejects.toThrow(/ECONNRESET|EPIPE/);
  expect(proxy.connections()).toBe(0);
  proxy.open();
  expect(await echo(await dial(), 'again')).toBe('again');
});

test.each(['toBroker', 'toClient', undefined] as const)(
  'what is stalled (%s) arrives when it flows again',
  async (way) => {
    const { proxy, dial } = await open();
    const socket = await dial();
    let heard = '';
    socket.on('data', (chunk) => {
      heard += String(chunk);
    });
    proxy.stall(way);
    socket.write('late');
    await pause(100);
    expect(heard).toBe('');
    expect(socket.destroyed).toBe(false);
    proxy.open();
    await expect.poll(() => heard).toBe('late');
  },
);

test('a connection is cut after so many bytes from the broker', async () => {
  const { proxy, dial } = await open();
  const socket = await dial();
  expect(await echo(socket, 'hello')).toBe('hello');
  proxy.cutAfter(3);
  const closed = once(socket, 'error');
  socket.write('world');
  expect(String(await closed)).toMatch(/ECONNRESET/);
});

test('it can be slow', async () => {
  const { proxy, dial } = await open();
  const socket = await dial();
  proxy.delay(60);
  const start = Date.now();
  expect(await echo(socket, 'hello')).toBe('hello');
  expect(Date.now() - start).toBeGreaterThanOrEqual(118);
  proxy.delay(0);
  proxy.throttle(100);
  const from = Date.now();
  expect(await echo(socket, '1234567890')).toBe('1234567890');
  expect(Date.now() - from).toBeGreaterThanOrEqual(195);
});
