import { createHash } from 'node:crypto';

const LONGEST = 80;
const FIFO = '.fifo';
/** As much of a topic is in the name of its queue, however long it is. */
const SHARED_LENGTH = LONGEST - '_dlq.fifo'.length - 17;
/** A name of SQS as it is, or one with dots which holds no underscore, so that no two of these become one. */
const PLAIN = /^(?:[\w-]+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)$/;

/** What a queue is to a topic. */
export type QueueUse = 'messages' | 'deadLetters';

/**
 * The name of a topic's queue: dots become underscores, since SQS takes none. What is too long, or could be taken for the name of
 * another topic, ends in a hash of the whole.
 */
export function queueNameOf(topic: string, fifo: boolean, use: QueueUse = 'messages'): string {
  const whole = topic.endsWith(FIFO) ? topic.slice(0, -FIFO.length) : topic;
  const ending = `${use === 'deadLetters' ? '_dlq' : ''}${fifo ? FIFO : ''}`;
  const name = toPlain(whole);
  if (PLAIN.test(whole) && name.length + ending.length <= LONGEST) return name + ending;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 16);
  return `${name.slice(0, LONGEST - ending.length - hash.length - 1)}_${hash}${ending}`;
}

/** What the names begin with of the queues of all topics below `place`, which ends in a dot, and of some others. */
export function queuePrefixOf(place: string): string {
  return toPlain(place).slice(0, SHARED_LENGTH);
}

function toPlain(topic: string): string {
  return topic.replace(/\./g, '_').replace(/[^\w-]/g, '-');
}
