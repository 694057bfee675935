/** The NATS client by hand; with JetStream the request goes to a work queue and the answer over core NATS. */
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { connect, createInbox } from '@nats-io/transport-node';

const SUBJECT = 'bench.raw';

export async function serve({ servers, jetstream: isDurable }) {
  const connection = await connect({ servers });
  const echo = (data) => Buffer.from(JSON.stringify(JSON.parse(Buffer.from(data).toString())));
  if (!isDurable) {
    connection.subscribe(SUBJECT, { queue: 'bench', callback: (_, message) => message.respond(echo(message.data)) });
    await connection.flush();
    return;
  }
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'bench-raw', subjects: [SUBJECT], retention: RetentionPolicy.Workqueue });
  await manager.consumers.add('bench-raw', { durable_name: 'bench', ack_policy: AckPolicy.Explicit });
  const consumer = await jetstream(connection).consumers.get('bench-raw', 'bench');
  consumer.consume({
    callback(message) {
      connection.publish(message.headers.get('reply'), echo(message.data));
      message.ack();
    },
  });
}

export async function openCall({ servers, jetstream: isDurable }) {
  const connection = await connect({ servers });
  const parse = (data) => JSON.parse(Buffer.from(data).toString());
  if (!isDurable) {
    return async (payload) =>
      parse((await connection.request(SUBJECT, JSON.stringify(payload), { timeout: 10_000 })).data);
  }
  const stream = jetstream(connection);
  const { headers } = await import('@nats-io/transport-node');
  const inbox = createInbox();
  const pending = new Map();
  connection.subscribe(`${inbox}.*`, {
    callback(_, { subject, data }) {
      const id = subject.slice(inbox.length + 1);
      pending.get(id)?.(parse(data));
      pending.delete(id);
    },
  });
  await connection.flush();
  let next = 0;
  return async (payload) => {
    const id = String(next++);
    const answer = new Promise((resolve) => pending.set(id, resolve));
    const header = headers();
    header.set('reply', `${inbox}.${id}`);
    await stream.publish(SUBJECT, JSON.stringify(payload), { headers: header });
    return answer;
  };
}
