import type { Duplex } from 'node:stream';
import { type Channel, connect, type GetMessage } from 'amqplib';
import { afterEach } from 'vitest';
import type { DeadLetter } from '../../runtime/testing/index.js';
import type { Broker } from '../brokers/broker.js';

export const urlOf = (port: number): string => `amqp://127.0.0.1:${port}`;

/** What is open beside the transport, until a case has ended. */
export const opened = new Set<() => Promise<void>>();
afterEach(async () => {
  await Promise.all([...opened].map((close) => close()));
  opened.clear();
});

/** A channel of a client that is not ours. */
export async function openChannel({ port }: { readonly port: number }) {
  const connection = await connect(urlOf(port));
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  const close = async (): Promise<void> => {
    opened.delete(close);
    await connection.close().catch(() => {});
  };
  opened.add(close);
  return { channel, close };
}

/**
 * Has the header `a` of what is published on a channel from now on go out under another tag than the driver's: brokers know
 * more tags than it does, and more levels.
 */
export function retag({ connection }: Channel, from: string, to: string): void {
  const socket = Reflect.get(connection, 'stream') as Duplex;
  const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
  socket.write = (chunk: Buffer): boolean => {
    const at = chunk.indexOf(`\u0001a${from}`);
    if (at !== -1) chunk.write(to, at + 2);
    return write(chunk);
  };
}

/** The message that a queue has next. */
export async function takeNext(channel: Channel, queue: string): Promise<GetMessage> {
  const message = await channel.get(queue, { noAck: true });
  if (message === false) throw new Error(`There is nothing in ${queue}.`);
  return message;
}

/** The dead letters of a queue, which stay there. */
export async function readLetters(broker: Broker, topic: string): Promise<readonly DeadLetter[]> {
  const { channel, close } = await openChannel(broker);
  const letters: DeadLetter[] = [];
  try {
    for (;;) {
      const message = await channel.get(`${topic}.dlq`);
      if (message === false) break;
      const reason = String(message.properties.headers?.['x-declaragent-reason']);
      letters.push({ topic: `${topic}.dlq`, bytes: message.content, reason });
    }
  } catch {
    // There is no such queue yet.
  }
  await close();
  return letters;
}
