import type { EnvelopeKind } from '../../envelope.js';
import type { Connection, Delivery, Subscription } from '../../transport.js';
import type { NatsLink } from './link.js';
import type { Publisher, PublishOptions } from './publisher.js';

const settled = (): Promise<void> => Promise.resolve();

/** That nobody waits for an answer any more is nothing to be told of. A request is waited for until it is answered. */
const HOW_TO_PUBLISH: Readonly<Record<EnvelopeKind, PublishOptions>> = {
  request: { isAsked: true },
  event: { isAsked: true, isUrgent: true },
  response: { isUrgent: true },
};

/** A connection over the core of NATS, which holds nothing. */
export function createCoreConnection(link: NatsLink, publisher: Publisher): Connection {
  const { client } = link;

  const read = async (
    topic: string,
    isShared: boolean,
    deliver: (delivery: Delivery) => void,
  ): Promise<Subscription> => {
    let refusal: Error | undefined;
    const subscription = client.subscribe(topic, {
      ...(isShared && { queue: topic }),
      callback(error, { data: bytes }) {
        if (error !== null) refusal = error;
        // Where only one reads, a message without bytes is another who asks whether anybody does.
        else if (isShared || bytes.length > 0) {
          deliver({ bytes, ageMs: undefined, redelivered: false, ack: settled, nack: settled, reject: settled });
        }
      },
    });
    await link.whileUp(client.flush());
    if (refusal !== undefined) throw new Error(`The NATS server does not let this agent read ${topic}.`);
    return {
      async close() {
        if (subscription.isClosed()) return;
        // Nothing comes while the link is lost, and the client forgets what is not to be read again.
        if (link.lost() !== undefined) subscription.unsubscribe();
        else await link.whileUp(subscription.drain()).catch(() => subscription.unsubscribe());
      },
    };
  };

  return {
    async subscribe(topic, role, deliver) {
      if (role === 'responses' && (await publisher.isRead(topic))) {
        throw new Error(`Another process reads ${topic}; give each bus of an agent an instance name of its own.`);
      }
      return read(topic, role === 'requests', deliver);
    },
    publish: ({ topic, kind, bytes }) => publisher.publish(topic, bytes, HOW_TO_PUBLISH[kind]),
    async close() {
      await link.close();
      publisher.close();
    },
  };
}
