import type { Delivery, SubscribeOptions, Transport, TransportFlags } from '../../runtime/transport.js';
import { createMemoryBroker, type MemoryBroker, memory } from '../../runtime/transports/memory.js';

/** A request in the hands of a receiver. */
export interface Handed {
  /** What the receiver has said of it, in order. */
  readonly settled: string[];
  /** Confirms an acknowledgement that waits for it. */
  confirm(): void;
  /** Says that the broker has not taken the acknowledgement. */
  refuse(): void;
}

/** A broker that holds requests until they are settled: the test hands them out. Answers go by memory. */
export interface HoldingBroker {
  readonly broker: MemoryBroker;
  readonly transport: Transport;
  /** What the requests topic was subscribed with. */
  readonly subscribed: SubscribeOptions[];
  hand(message: unknown, members?: Partial<Delivery> & { readonly confirms?: boolean }): Handed;
}

/** `flags` say what else it does. */
export function createHoldingBroker(flags: Partial<TransportFlags> = {}): HoldingBroker {
  const broker = createMemoryBroker();
  const transport = memory({ broker });
  const subscribed: SubscribeOptions[] = [];
  let deliver: ((delivery: Delivery) => void) | undefined;

  return {
    broker,
    subscribed,
    transport: {
      ...transport,
      flags: { ...transport.flags, holdsRequests: true, deadLetters: true, ...flags },
      connect: async (owner, watcher) => {
        const connection = await transport.connect(owner, watcher);
        return {
          ...connection,
          subscribe: (topic, role, take, options = {}) => {
            if (role === 'requests') {
              deliver = take;
              subscribed.push(options);
            }
            return connection.subscribe(topic, role, take, options);
          },
        };
      },
    },
    hand(message, { confirms = true, ...members } = {}) {
      const settled: string[] = [];
      let confirm = (): void => {};
      let refuse = (): void => {};
      const confirmed = new Promise<void>((resolve, reject) => {
        confirm = resolve;
        refuse = () => reject(new Error('not confirmed'));
      });
      if (confirms) confirm();
      const bytes = message instanceof Uint8Array ? message : Buffer.from(JSON.stringify(message));
      const note = (how: string, answer: Promise<void>): Promise<void> => {
        settled.push(how);
        return answer;
      };
      deliver?.({
        bytes,
        ageMs: 0,
        redelivered: false,
        ack: () => note('ack', confirmed),
        nack: () => note('nack', Promise.resolve()),
        reject: (reason) => note(`reject ${reason}`, Promise.resolve()),
        ...members,
      });
      return { settled, confirm, refuse };
    },
  };
}

/** A skill that runs until it is let go. */
export function createGate() {
  const open: (() => void)[] = [];
  const skill = (input: unknown): Promise<unknown> => new Promise((resolve) => open.push(() => resolve(input)));
  return { open, skill };
}
