import type { Channel, ConsumeMessage, Options } from 'amqplib';
import type { AnswerableDelivery } from '../../answerable.js';
import type { Delivery, SubscriptionRole } from '../../transport.js';
import { type Acks, createAcks } from './acks.js';
import { type Confirm, createConfirm } from './confirm.js';
import { explainQueue } from './reasons.js';
import { type Session, within } from './session.js';

/** What a queue is read for, and how. */
export interface ReaderOptions {
  readonly queue: string;
  readonly role: SubscriptionRole;
  readonly deliver: (delivery: Delivery) => void;
  /** 0 is no limit. */
  readonly prefetch: number;
  readonly quorum: boolean;
  /** How often a message may be handed out, where the broker counts. */
  readonly maxDeliveries: number;
}

/** A queue that is read, in one session after another. */
export interface Reader {
  /** Declares the queue and reads it; rejects with the reason in one sentence. */
  start(session: Session): Promise<void>;
  /** Takes no more; what was handed out may still be settled. */
  close(): Promise<void>;
}

/** The header of a dead letter that says why it is one. */
const REASON_HEADER = 'x-declaragent-reason';
/** How many deliveries came before this one, as quorum queues say it: in the second RabbitMQ 4 counts all of them. */
const COUNT_HEADERS = ['x-delivery-count', 'x-acquired-count'] as const;
/** The broker drops what it has handed out too often; a receiver, who can say why, has to be there before it. */
const DELIVERIES_TO_SPARE = 10;
const CLOSE_WITHIN_MS = 2_000;

/** What a queue is read by in one session. */
interface Place {
  readonly session: Session;
  readonly channel: Channel;
  readonly acks: Acks;
  readonly confirm: Confirm;
  /** How many deliveries have not been settled. */
  unsettled: number;
  /** Has the broker hand out no more; undefined until it hands out. */
  stop: (() => Promise<unknown>) | undefined;
}

export function createReader(options: ReaderOptions): Reader {
  const { queue, role, deliver, prefetch, quorum, maxDeliveries } = options;
  const letters = `${queue}.dlq`;
  let place: Place | undefined;
  let isClosed = false;

  const declare = async (channel: Channel, name: string): Promise<void> => {
    try {
      await channel.assertQueue(name, settingsOf(role, quorum, name === queue ? maxDeliveries : undefined));
    } catch (error) {
      throw explainQueue(error, name);
    }
  };

  /** Keeps a message that cannot be handled, as it came. */
  const bury = ({ session }: Place, { content, properties }: ConsumeMessage, reason: string): Promise<void> => {
    const { contentType, messageId, correlationId, type } = properties;
    const headers = { [REASON_HEADER]: reason };
    return session.publisher.publish({
      queue: letters,
      bytes: content,
      options: { contentType, messageId, correlationId, type, headers, persistent: true, mandatory: true },
      mayWait: true,
    });
  };

  /** The question by which settling is confirmed tells of it then. Where the broker has little more to hand out, it is told at once. */
  const mayWait = ({ unsettled }: Place, { isAnswered }: AnswerableDelivery): boolean =>
    isAnswered && unsettled * 2 <= prefetch;

  const toDelivery = (at: Place, message: ConsumeMessage): AnswerableDelivery => {
    let isSettled = false;
    const once = async (act: () => Promise<void> | void): Promise<void> => {
      if (isSettled) return;
      isSettled = true;
      await act();
      await at.confirm(!delivery.isAnswered);
      at.unsettled--;
      if (isClosed) leave(at);
    };
    const delivery: AnswerableDelivery = {
      isAnswered: false,
      bytes: message.content,
      // The broker drops what it has held for longer than it is good for, and does not say how long it has held the rest.
      ageMs: message.properties.expiration === undefined ? undefined : 0,
      redelivered: message.fields.redelivered,
      ack: () => once(() => at.acks.ack(message, mayWait(at, delivery))),
      nack: () =>
        once(() => {
          at.acks.remove(message);
          at.channel.nack(message, false, true);
        }),
      reject: (reason) =>
        once(async () => {
          await bury(at, message, reason);
          at.acks.ack(message);
        }),
    };
    return delivery;
  };

  const take = (at: Place, message: ConsumeMessage): void => {
    if (role === 'requests') {
      at.unsettled++;
      at.acks.add(message);
    }
    const delivery = toDelivery(at, message);
    const count = countOf(message);
    if (count < maxDeliveries) deliver(delivery);
    // Where it cannot be kept, it comes again with the next connection.
    else delivery.reject(`It was handed out ${count} times and never settled.`).catch(() => {});
  };

  /** Reads what there is from now on. */
  const consume = async (at: Place): Promise<void> => {
    const { session, channel } = at;
    await declare(channel, queue);
    if (role === 'requests') await declare(channel, letters);
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message !== null) take(at, message);
      // The queue was deleted.
      else if (!isClosed) consume(at).catch(session.fail);
    };
    const isOwn = role === 'responses';
    const consuming = channel.consume(queue, onMessage, { noAck: isOwn, exclusive: isOwn });
    const { consumerTag } = await consuming.catch((error: unknown) => {
      throw explainQueue(error, queue);
    });
    // An instance that starts again under its name finds its place free.
    at.stop = () => (isOwn ? channel.deleteQueue(queue) : channel.cancel(consumerTag));
    if (isClosed) await at.stop();
  };

  /** Nothing more is to be told by this channel. */
  const leave = ({ session, channel, unsettled }: Place): void => {
    if (unsettled === 0) session.closeChannel(channel);
  };

  const open = async (session: Session): Promise<void> => {
    const channel = await session.openChannel();
    // A declaration that changes nothing costs no more than any other question, and the queue itself answers it: after
    // all that was settled before. Asking for a queue that has been deleted would end the channel.
    const acks = createAcks(channel);
    const ask = (): Promise<void> => {
      acks.flush();
      return declare(channel, queue);
    };
    const confirm = createConfirm({ ask, unsettled: () => at.unsettled });
    const at: Place = { session, channel, acks, confirm, unsettled: 0, stop: undefined };
    place = at;
    try {
      if (role === 'requests') await channel.prefetch(prefetch);
      await consume(at);
    } catch (error) {
      session.closeChannel(channel);
      throw error;
    }
    session.guard(channel);
  };

  return {
    async start(session) {
      // A channel says no more than that it has ended.
      await open(session).catch((error: unknown) => {
        throw session.lost ?? error;
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      if (place?.stop === undefined) return;
      await within(CLOSE_WITHIN_MS, place.stop());
      leave(place);
    },
  };
}

function settingsOf(role: SubscriptionRole, quorum: boolean, maxDeliveries: number | undefined): Options.AssertQueue {
  if (role === 'responses') return { durable: false, exclusive: true, autoDelete: true };
  if (!quorum) return { durable: true };
  const limit = maxDeliveries && { 'x-delivery-limit': maxDeliveries + DELIVERIES_TO_SPARE };
  return { durable: true, arguments: { 'x-queue-type': 'quorum', ...limit } };
}

function countOf({ properties }: ConsumeMessage): number {
  const headers: Readonly<Record<string, unknown>> = properties.headers ?? {};
  const counts = COUNT_HEADERS.map((name) => headers[name]).filter((count) => typeof count === 'number');
  return Math.max(0, ...counts);
}
