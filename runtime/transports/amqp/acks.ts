import type { Channel, ConsumeMessage } from 'amqplib';

/** Acknowledges what a channel has handed out. */
export interface Acks {
  /** It was handed out, after all that were handed out before. */
  add(message: ConsumeMessage): void;
  /** It is settled by other means. */
  remove(message: ConsumeMessage): void;
  /** It is done with. The broker is told at the end of this turn of the event loop, or with the next `flush` where that may wait. */
  ack(message: ConsumeMessage, mayWait?: boolean): void;
  /** Tells the broker now. Where the channel has ended, it is told nothing: all comes again. */
  flush(): void;
}

/**
 * What is done with in one turn is acknowledged at once, as far as nothing that was handed out before is still open: an
 * acknowledgement of its own for each message costs a broker about as much as the message.
 */
export function createAcks(channel: Pick<Channel, 'ack'>): Acks {
  /** In the order in which they were handed out, which is that of their tags. */
  const open = new Set<number>();
  let done: ConsumeMessage[] = [];
  let isDue = false;

  const flush = (): void => {
    isDue = false;
    const batch = done;
    done = [];
    const [oldestOpen = Number.POSITIVE_INFINITY] = open;
    let last: ConsumeMessage | undefined;
    try {
      for (const message of batch) {
        if (tagOf(message) > oldestOpen) channel.ack(message);
        else if (last === undefined || tagOf(message) > tagOf(last)) last = message;
      }
      if (last !== undefined) channel.ack(last, true);
    } catch {
      // The channel has ended.
    }
  };

  return {
    add: (message) => void open.add(tagOf(message)),
    remove: (message) => void open.delete(tagOf(message)),
    ack(message, mayWait = false) {
      open.delete(tagOf(message));
      done.push(message);
      if (isDue || mayWait) return;
      isDue = true;
      process.nextTick(flush);
    },
    flush,
  };
}

function tagOf({ fields }: ConsumeMessage): number {
  return fields.deliveryTag;
}
