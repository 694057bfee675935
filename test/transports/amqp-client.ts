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
