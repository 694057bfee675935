/** amqplib by hand: an exclusive reply queue, confirms on both sides, no-delay; acknowledged when the answer is confirmed. */
import amqplib from 'amqplib';

const dial = async (url) => amqplib.connect(url, { noDelay: true, keepAlive: true });
const QUEUES = { plain: 'bench-raw', quorum: 'bench-raw-quorum' };

const confirmed = (channel, queue, bytes, options) =>
  new Promise((resolve, reject) =>
    channel.publish('', queue, bytes, options, (error) => (error ? reject(error) : resolve())),
  );

export async function serve({ url, quorum = false }) {
  const [reading, writing] = [await dial(url), await dial(url)];
  const channel = await reading.createChannel();
  const answers = await writing.createConfirmChannel();
  const queue = quorum ? QUEUES.quorum : QUEUES.plain;
  await channel.assertQueue(queue, { durable: true, arguments: quorum ? { 'x-queue-type': 'quorum' } : {} });
  await channel.prefetch(64);
  await channel.consume(queue, async (message) => {
    const { replyTo, correlationId } = message.properties;
    const bytes = Buffer.from(JSON.stringify(JSON.parse(message.content.toString())));
    await confirmed(answers, replyTo, bytes, { correlationId });
    channel.ack(message);
  });
}

export async function openCall({ url, quorum = false }) {
  const [reading, writing] = [await dial(url), await dial(url)];
  const channel = await reading.createChannel();
  const requests = await writing.createConfirmChannel();
  const { queue: replyTo } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
  const pending = new Map();
  await channel.consume(
    replyTo,
    ({ properties: { correlationId }, content }) => {
      pending.get(correlationId)?.(JSON.parse(content.toString()));
      pending.delete(correlationId);
    },
    { noAck: true },
  );
  let next = 0;
  return (payload) =>
    new Promise((resolve, reject) => {
      const correlationId = String(next++);
      pending.set(correlationId, resolve);
      const options = { replyTo, correlationId, mandatory: true, persistent: true };
      const queue = quorum ? QUEUES.quorum : QUEUES.plain;
      confirmed(requests, queue, Buffer.from(JSON.stringify(payload)), options).catch(reject);
    });
}
