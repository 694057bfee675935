import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { AgentRpcError } from '../../errors.js';
import { saidBy } from './reasons.js';

/** What is published, and where to. */
export interface Publication {
  readonly queue: string;
  readonly bytes: Uint8Array;
  readonly options: Options.Publish;
  /** Whether it may wait in the socket while the broker takes nothing in. */
  readonly mayWait: boolean;
}

/** Publishes on one connection, and knows of each message what became of it. */
export interface Publisher {
  /** Resolves when the broker has the message; rejects with an AgentRpcError. */
  publish(publication: Publication): Promise<void>;
  /** Resolves when all that was published is on its way. */
  close(): Promise<void>;
}

/** A message that the broker has neither confirmed nor refused. */
interface Unconfirmed {
  readonly queue: string;
  readonly messageId: string | undefined;
  /** The broker has no such queue, which it says before it confirms. */
  isReturned: boolean;
  resolve(): void;
  reject(error: AgentRpcError): void;
}

/** How long a caller is asked to wait for a queue that is full, or a broker that takes nothing in. */
const RETRY_AFTER_MS = 100;
const NOTHING = Buffer.alloc(0);

/** A channel and what was published on it. */
interface Line {
  readonly channel: ConfirmChannel;
  readonly unconfirmed: Map<number, Unconfirmed>;
  lastTag: number;
}

/**
 * A broker closes the channel for one message that it does not take, so a channel that ends is followed by another one;
 * `lose` is told where that cannot be opened.
 */
export async function createPublisher(connection: ChannelModel, lose: (reason: unknown) => void): Promise<Publisher> {
  let line: Line | undefined;
  /** Whether the broker reads nothing from this connection, as it is short of memory or of disk. */
  let isBlocked = false;
  let onBlocked = (): void => {};
  connection.on('blocked', () => {
    isBlocked = true;
    onBlocked();
  });
  connection.on('unblocked', () => {
    isBlocked = false;
  });

  const open = async (): Promise<void> => {
    const channel = await connection.createConfirmChannel();
    const opened: Line = { channel, unconfirmed: new Map(), lastTag: 0 };
    let reason = 'The channel was closed.';
    let isReady = false;
    channel.on('return', ({ fields, properties }) => {
      for (const entry of opened.unconfirmed.values()) {
        if (entry.isReturned || entry.queue !== fields.routingKey || entry.messageId !== properties.messageId) continue;
        entry.isReturned = true;
        return;
      }
    });
    channel.on('ack', ({ deliveryTag, multiple }) => settle(opened, deliveryTag, multiple, true));
    channel.on('nack', ({ deliveryTag, multiple }) => settle(opened, deliveryTag, multiple, false));
    channel.on('error', (error) => {
      reason = `${saidBy(error)}.`;
    });
    channel.on('close', () => {
      if (line === opened) line = undefined;
      for (const { queue, reject } of opened.unconfirmed.values()) reject(publishFailed(queue, reason, 'maybe'));
      opened.unconfirmed.clear();
      // Where the whole connection ends, its channels end first.
      if (isReady) void Promise.resolve().then(open).catch(lose);
    });
    // To no queue, which the broker confirms, unless the user may not publish: that is better known now.
    const blocked = new Promise<void>((resolve) => {
      onBlocked = resolve;
    });
    await Promise.race([publishOn(opened, { queue: '', bytes: NOTHING, options: {} }), blocked]);
    isReady = true;
    line = opened;
  };
  await open();

  return {
    publish(publication) {
      if (isBlocked && !publication.mayWait) return Promise.reject(busy('The broker takes nothing in at present.'));
      if (line !== undefined) return publishOn(line, publication);
      return Promise.reject(publishFailed(publication.queue, 'The channel was closed.', 'no'));
    },
    async close() {
      await line?.channel.close();
    },
  };
}

function publishOn(line: Line, { queue, bytes, options }: Omit<Publication, 'mayWait'>): Promise<void> {
  try {
    line.channel.publish('', queue, toBuffer(bytes), options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'The driver refuses it.';
    return Promise.reject(publishFailed(queue, reason, 'no'));
  }
  const tag = ++line.lastTag;
  return new Promise((resolve, reject) => {
    line.unconfirmed.set(tag, { queue, messageId: options.messageId, isReturned: false, resolve, reject });
  });
}

/** Settles what the broker tells of: one message, or all up to it. */
function settle({ unconfirmed }: Line, tag: number, isMultiple: boolean, isTaken: boolean): void {
  if (!isMultiple) {
    settleOne(unconfirmed, tag, isTaken);
    return;
  }
  // In the order of publishing.
  for (const earlier of unconfirmed.keys()) {
    if (earlier > tag) return;
    settleOne(unconfirmed, earlier, isTaken);
  }
}

function settleOne(unconfirmed: Map<number, Unconfirmed>, tag: number, isTaken: boolean): void {
  const entry = unconfirmed.get(tag);
  if (entry === undefined) return;
  unconfirmed.delete(tag);
  const { queue } = entry;
  if (!isTaken) entry.reject(busy(`The queue ${queue} takes no more at present.`));
  else if (!entry.isReturned) entry.resolve();
  else entry.reject(noQueue(queue));
}

function noQueue(queue: string): AgentRpcError {
  const message = `There is no queue ${queue}: nobody serves that agent here at present.`;
  return new AgentRpcError({ code: 'EAGENTRPC_NO_RESPONDER', message });
}

function busy(message: string): AgentRpcError {
  return new AgentRpcError({ code: 'EAGENTRPC_BUSY', message, details: { retryAfterMs: RETRY_AFTER_MS } });
}

function publishFailed(queue: string, reason: string, executed: 'no' | 'maybe'): AgentRpcError {
  const message = `Publishing to ${queue} failed: ${reason}`;
  return new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message, executed });
}

/** Of the same memory. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
