import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../runtime/transport.js';
import { propertiesOf } from '../../runtime/transports/mqtt/properties.js';
import { mqtt } from '../../runtime/transports/mqtt.js';

/** What a broker played by hand says to each packet. */
interface Script {
  /** Its CONNACK: the reason code, and the properties as bytes. */
  readonly connack?: readonly number[];
  /** The reason code of the confirmation of a publish to a topic; undefined for none until `release`. */
  readonly confirm?: (topic: string) => number | undefined;
  /** The reason code of the answer to a subscription. */
  readonly granted?: number;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Plays a broker for what no broker at hand does; counts how many publishes were unconfirmed at once. */
async function playBroker({ connack = [0, 0], confirm = () => 0, granted = 1 }: Script) {
  const sockets = new Set<Socket>();
  const published: string[] = [];
  let release = (): void => {};
  let unconfirmed: number[] = [];
  let most = 0;
  const flush = (socket: Socket): void => {
    most = Math.max(most, unconfirmed.length / 2);
    for (let index = 0; index < unconfirmed.length; index += 2) {
      const [id = 0, code = 0] = unconfirmed.slice(index, index + 2);
      socket.write(Buffer.from([0x40, 3, id >> 8, id & 0xff, code]));
    }
    unconfirmed = [];
  };
  const take = (socket: Socket, type: number, body: Buffer): void => {
    if (type === 1) socket.write(Buffer.from([0x20, connack.length + 1, 0, ...connack]));
    if (type === 8) socket.write(Buffer.from([0x90, 4, body[0] ?? 0, body[1] ?? 0, 0, granted]));
    if (type !== 3) return;
    const length = body.readUInt16BE(0);
    const topic = body.toString('utf8', 2, 2 + length);
    published.push(topic);
    const code = confirm(topic);
    const id = body.readUInt16BE(2 + length);
    if (code !== undefined) unconfirmed.push(id, code);
    else release = () => void socket.write(Buffer.from([0x40, 3, id >> 8, id & 0xff, 0]));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let held: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const digits = held.subarray(1, 5).findIndex((byte) => byte < 0x80);
        if (digits === -1) break;
        const size = held.subarray(1, 2 + digits).reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0);
        if (held.length < 2 + digits + size) break;
        take(socket, (held[0] ?? 0) >> 4, held.subarray(2 + digits, 2 + digits + size));
        held = held.subarray(2 + digits + size);
      }
      flush(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `mqtt://127.0.0.1:${port}`, published, most: () => most, release: () => release() };
}

async function connectTo(url: string): Promise<Connection> {
  const owner = { agent: 'agent://concierge', instance: 'one' } as const;
  const connection = await mqtt({ url }).connect(owner, { lost: () => {}, restored: () => {} });
  closers.push(connection.close);
  return connection;
}

const message = (topic: string, kind: 'request' | 'response' | 'event' = 'request') => ({
  ...{ topic, kind, bytes: Buffer.from('{}'), messageId: 'm', correlationId: 'c' },
});

describe('a url', () => {
  test.each(['', 'localhost:1883', 'http://localhost', 'mqtt://', 'amqp://u:secret@host'])(
    'of another kind is refused, and not repeated: %s',
    (url) => {
      expect(() => mqtt({ url })).toThrow(/^The url of an mqtt transport is mqtt:\/\/.* if need be\.$/);
    },
  );

  test.each([
    ...['mqtt://secret:12/34@host', 'mqtt://secret:12?34@host', 'wss://secret:12#34@host'],
    ...['mqtt://u:a%zz@host', 'mqtt://u%:secret@host'],
  ])('with a name or a password that is not percent-encoded is refused, and not repeated: %s', (url) => {
    expect(() => mqtt({ url })).toThrow(
      'The url of an mqtt transport must have its user name, password and path percent-encoded: an @ in them is %40.',
    );
  });

  test('of a broker that is not there is said with the reason, and without the password', async () => {
    await expect(connectTo('mqtt://user:secret@127.0.0.1:1')).rejects.toThrow(
      'There is no connection to the MQTT broker at mqtt://127.0.0.1:1: ECONNREFUSED.',
    );
  });

  test('of something else is said not to speak MQTT', async () => {
    const server = createServer((socket) =>
      socket
        .end('HTTP/1.1 400 Bad Request\r\n\r\n')
        .on('error', () => {})
        .resume(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    await expect(connectTo(`mqtt://127.0.0.1:${port}`)).rejects.toThrow(/what was received is not MQTT 5\.$/);
  });
});

test('topics with wildcards are refused', async () => {
  expect(() => mqtt({ url: 'mqtt://localhost', topics: { requests: 'agents.#' } })).toThrow(/is no topic of MQTT/);
  const broker = await playBroker({});
  const connection = await connectTo(broker.url);
  for (const topic of ['a+', '#', '', 'a\u0000b', 'x'.repeat(70_000)]) {
    await expect(connection.publish(message(topic))).rejects.toMatchObject({ executed: 'no' });
  }
  expect(broker.published).toEqual([]);
});

test('what is to be run says how long it was good for, a request where to answer, and an answer what brokers need alone', () => {
  const expiring = { messageExpiryInterval: 2, correlationData: Buffer.from('c') };
  const dated = { ...expiring, userProperties: { 'x-declaragent-expiry-s': '2' } };
  expect(propertiesOf({ ...message('x'), ttlMs: 1_001 }, 'y')).toEqual({ ...dated, responseTopic: 'y' });
  expect(propertiesOf({ ...message('x', 'event'), ttlMs: 1_001 }, 'y')).toEqual(dated);
  expect(propertiesOf({ ...message('x', 'response'), ttlMs: 1_001 }, 'y')).toEqual(expiring);
});

test('a tls that names no file is said', async () => {
  const owner = { agent: 'agent://concierge', instance: 'one' } as const;
  const transport = mqtt({ url: 'mqtts://127.0.0.1:1', tls: { ca: 'nowhere.pem' } });
  await expect(transport.connect(owner, { lost: () => {}, restored: () => {} })).rejects.toThrow(
    /tls\.ca names nowhere/,
  );
});

describe('a broker', () => {
  test('that refuses says why', async () => {
    const { url } = await playBroker({ connack: [0x89, 0] });
    await expect(connectTo(url)).rejects.toThrow(/: the broker said Server busy \(137\)\.$/);
  });

  test('that confirms nothing is refused', async () => {
    // maximumQoS 0
    const { url } = await playBroker({ connack: [0, 2, 0x24, 0] });
    await expect(connectTo(url)).rejects.toThrow(/QoS not supported/);
  });

  test('that does not let a topic be read says why, and publishing goes on', async () => {
    const connection = await connectTo((await playBroker({ granted: 0x87 })).url);
    await expect(connection.subscribe('agents.concierge.requests', 'requests', () => {})).rejects.toThrow(
      'The broker does not let $share/concierge/agents.concierge.requests be read: Not authorized (135).',
    );
    await connection.publish(message('x'));
  });

  test('that cannot tell whether anybody reads a topic takes an instance all the same', async () => {
    const connection = await connectTo((await playBroker({ confirm: () => 0 })).url);
    await connection.subscribe('agents.concierge.responses.one', 'responses', () => {});
  });

  test.each([
    [0x10, { code: 'EAGENTRPC_NO_RESPONDER', executed: 'no' }],
    [0x97, { code: 'EAGENTRPC_BUSY', executed: 'no', details: { retryAfterMs: 100 } }],
    [0x87, { code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' }],
    [0x80, { code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' }],
  ])('that confirms by reason %d ends a request', async (code, end) => {
    const connection = await connectTo((await playBroker({ confirm: () => code })).url);
    await expect(connection.publish(message('x'))).rejects.toMatchObject(end);
  });

  test('that has nobody for an answer lets it be dropped', async () => {
    const connection = await connectTo((await playBroker({ confirm: () => 0x10 })).url);
    await connection.publish(message('x', 'response'));
  });

  test('is never sent more than it takes unconfirmed', async () => {
    // receiveMaximum 5, of which one is kept free
    const broker = await playBroker({ connack: [0, 3, 0x21, 0, 5] });
    const connection = await connectTo(broker.url);
    await Promise.all(Array.from({ length: 100 }, (_, index) => connection.publish(message(`t${index}`))));
    expect(broker.published).toEqual(Array.from({ length: 100 }, (_, index) => `t${index}`));
    expect(broker.most()).toBe(4);
  });

  test('is not sent what had to wait for it for too long', async () => {
    const broker = await playBroker({
      connack: [0, 3, 0x21, 0, 2],
      confirm: (topic) => (topic === 'held' ? undefined : 0),
    });
    const connection = await connectTo(broker.url);
    const held = connection.publish(message('held'));
    const late = connection.publish({ ...message('late'), ttlMs: 10 });
    const next = connection.publish({ ...message('next'), ttlMs: 10_000 });
    await sleep(50);
    broker.release();
    await expect(late).rejects.toMatchObject({ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' });
    await Promise.all([held, next]);
    expect(broker.published).toEqual(['held', 'next']);
  });

  test('that confirms nothing has no more than ten thousand messages wait for it', async () => {
    const broker = await playBroker({ connack: [0, 3, 0x21, 0, 2], confirm: () => undefined });
    const connection = await connectTo(broker.url);
    const held = connection.publish(message('held')).catch(String);
    const waiting = Array.from({ length: 10_000 }, () => connection.publish(message('x')).catch(String));
    await expect(connection.publish(message('x'))).rejects.toMatchObject({ code: 'EAGENTRPC_BUSY' });
    await connection.close();
    expect(await held).toMatch(/before the broker had confirmed/);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['AgentRpcError: The mqtt connection is lost.']));
    expect(broker.published).toEqual(['held']);
  });
});
