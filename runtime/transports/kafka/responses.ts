import type { Delivery } from '../../transport.js';
import type { Client, Fetched, Pulse, Reader } from './client.js';
import { INSTANCE_HEADER } from './requests.js';

export interface ResponsesOptions {
  readonly client: Client;
  readonly topic: string;
  readonly group: string;
  readonly instance: string;
  /** Where to go on reading, by partition; kept up while it reads. */
  readonly positions: Map<number, number>;
  readonly deliver: (delivery: Delivery) => void;
  readonly pulse: Pulse;
  readonly onCrash: (error: unknown) => void;
}

/** Two processes go by one name. */
export class NameTaken extends Error {
  constructor(instance: string, topic: string) {
    super(
      `Another process reads the answers of ${instance} on ${topic}; give each bus of an agent an instance name of its own.`,
    );
  }
}

const settled = async (): Promise<void> => {};

/** Reads all that comes to a topic, from fixed places on, in a group of which it is the only member. */
export async function readResponses(options: ResponsesOptions): Promise<Reader> {
  const { client, topic, group, instance, positions, deliver } = options;
  let owned: readonly number[] = [];

  const onRecords = async ({ partition, from, to, records }: Fetched): Promise<void> => {
    const position = positions.get(partition) ?? 0;
    // What is fetched from before it is that of a topic which was deleted and made again.
    const start = from < position ? from : position;
    for (const { offset, value, header, unread } of records) {
      if (offset < start || value === null || unread !== undefined) continue;
      const named = header(INSTANCE_HEADER);
      if (named !== undefined && named !== instance) continue;
      const settling = { ack: settled, nack: settled, reject: settled };
      deliver({ bytes: value, ageMs: undefined, redelivered: false, ...settling });
    }
    positions.set(partition, to);
  };

  const reading = await client.read({
    ...{ group, topic, onRecords },
    pulse: options.pulse,
    onCrash: options.onCrash,
    onRebalance: () => {},
    onJoining: () => {},
    // Who was there first keeps it.
    claim: () => ({ owned, busy: owned }),
    onJoined(reader, partitions) {
      owned = partitions;
      for (const partition of partitions) reader.seek(partition, positions.get(partition) ?? 0);
    },
  });
  if (owned.length < positions.size) {
    await reading.close().catch(() => {});
    throw new NameTaken(instance, topic);
  }
  return reading;
}
