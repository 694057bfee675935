import type { Connection, Delivery, Transport } from '../../runtime/transport.js';
import { count, type Ledger } from './ledger.js';
import type { Sabotage } from './sabotage.js';

export interface ObserveOptions {
  readonly ledger: Ledger;
  readonly instance: string;
  readonly isDead: () => boolean;
  readonly sabotage: Sabotage | undefined;
}

/** A transport of one machine, with an account of what goes through it. */
export function observe(transport: Transport, { ledger, instance, isDead, sabotage }: ObserveOptions): Transport {
  const { deliveries, answers, breaches, calls } = ledger;

  const onDelivery = ({ bytes }: Delivery): void => {
    const { messageId } = JSON.parse(Buffer.from(bytes).toString());
    count(deliveries, `${instance} ${messageId}`);
  };

  const onAnswer = (bytes: Uint8Array): void => {
    const { causedBy } = JSON.parse(Buffer.from(bytes).toString());
    const key = `${instance} ${causedBy}`;
    if (count(answers, key) > (deliveries.get(key) ?? 0)) {
      breaches.push({ invariant: 'answers once', what: `${instance} answers ${causedBy} again` });
    }
  };

  return {
    ...transport,
    async connect(owner, watcher): Promise<Connection> {
      const connection = await transport.connect(owner, watcher);
      return {
        ...connection,
        subscribe(topic, role, deliver, options) {
          const observed = (delivery: Delivery): void => {
            if (role === 'requests') onDelivery(delivery);
            deliver(delivery);
          };
          return connection.subscribe(topic, role, observed, options);
        },
        publish(message) {
          if (!isDead()) {
            if (message.kind === 'response') {
              onAnswer(message.bytes);
              if (sabotage === 'answer twice') onAnswer(message.bytes);
            } else if ((calls.get(message.messageId)?.ends ?? 0) > 0) {
              breaches.push({ invariant: 'quiet', what: `${message.messageId} is sent after its end` });
            }
          }
          return connection.publish(message);
        },
      };
    },
  };
}
