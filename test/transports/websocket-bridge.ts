import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificates } from '../brokers/broker.js';

/** Takes WebSockets for a broker that speaks plain TCP. */
export interface WebSocketBridge {
  readonly port: number;
  /** How many frames have come from clients. */
  frames(): number;
  close(): Promise<void>;
}

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** mosquitto binds its own WebSockets to every address of the machine, which a test must not. */
export async function createWebSocketBridge(brokerPort: number, certificates?: Certificates): Promise<WebSocketBridge> {
  const streams = new Set<Duplex>();
  let frames = 0;

  const accept = (request: IncomingMessage, client: Duplex): void => {
    const accepted = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${ACCEPT_GUID}`)
      .digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    client.write(
      `${[...head, `Sec-WebSocket-Accept: ${accepted}`, 'Sec-WebSocket-Protocol: mqtt'].join('\r\n')}\r\n\r\n`,
    );
    const broker = connect({ port: brokerPort, host: '127.0.0.1', noDelay: true });
    bridge(client, broker);
  };

  const bridge = (client: Duplex, broker: Socket): void => {
    let held: Buffer = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (let frame = readFrame(held); frame !== undefined; frame = readFrame(held)) {
        frames++;
        held = held.subarray(frame.size);
        if (frame.isClose) client.end();
        else broker.write(frame.payload);
      }
    });
    broker.on('data', (chunk) => client.write(Buffer.concat([headOf(chunk.length), chunk])));
    for (const [one, other] of [[client, broker] as const, [broker, client] as const]) {
      streams.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        streams.delete(one);
        other.destroy();
      });
    }
  };

  const server =
    certificates === undefined
      ? createServer()
      : createSecureServer({ cert: readFileSync(certificates.cert), key: readFileSync(certificates.key) });
  server.on('upgrade', accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    frames: () => frames,
    async close() {
      for (const stream of streams) stream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The first frame of a client, which is masked; undefined where it is not all there. */
function readFrame(bytes: Buffer) {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + extra + 4;
  if (bytes.length < start) return undefined;
  const length = extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + length) return undefined;
  const mask = bytes.subarray(start - 4, start);
  const payload = bytes.subarray(start, start + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return { payload, size: start + length, isClose: (first & 0x0f) === 8 };
}

/** What stands before a binary frame of a server. */
function headOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0x82, length]);
  if (length < 2 ** 16) return Buffer.from([0x82, 126, length >> 8, length & 0xff]);
  const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
