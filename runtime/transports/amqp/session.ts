import { Writable } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import { systemClock } from '../../clock.js';
import { gatherWrites } from '../../gathered-writes.js';
import type { TlsOptions } from '../../tls.js';
import type { BrokerAddress } from './address.js';
import { allowAnyHeaders } from './headers.js';
import { createPublisher, type Publisher } from './publisher.js';
import { explainConnect, explainLoss } from './reasons.js';

/**
 * A bus's two connections, which live and end together. They are two because a broker that is short of memory stops
 * reading from those that publish, and what is read has to be acknowledged even then.
 */
export interface Session {
  readonly publisher: Publisher;
  /** Why it has ended, if so. */
  readonly lost: Error | undefined;
  /** A channel to read by. */
  openChannel(): Promise<Channel>;
  /** From now on the session ends with the channel, unless that is closed by `closeChannel`. */
  guard(channel: Channel): void;
  closeChannel(channel: Channel): void;
  /** Ends it as if it had been lost. */
  fail(reason: unknown): void;
  /** Ends it with what is on its way still sent, if the broker takes that in time. Leaves no socket. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly driver: typeof import('amqplib');
  readonly address: BrokerAddress;
  readonly tls: TlsOptions | undefined;
  /** Ends its sockets, also those that are being opened. */
  readonly sockets: AbortController;
  /** Called once, unless it was closed. */
  readonly onLost: (reason: Error) => void;
}

const CONNECT_WITHIN_MS = 10_000;
const CLOSE_WITHIN_MS = 2_000;

/** Rejects with the reason in one sentence, and leaves nothing open then. */
export async function openSession({ driver, address, tls, sockets, onLost }: SessionOptions): Promise<Session> {
  let lost: Error | undefined;
  let isOpen = false;
  let isClosing = false;
  /** Those that are read by, with why they were closed, where the broker has said so. */
  const channels = new Map<Channel, unknown>();

  const lose = (reason: unknown): void => {
    if (lost !== undefined || isClosing) return;
    lost = explainLoss(reason, address);
    // A socket whose other side has gone silent does not end by itself.
    sockets.abort();
    if (isOpen) onLost(lost);
  };

  const connect = async (): Promise<ChannelModel> => {
    const socketOptions = { noDelay: true, keepAlive: true, signal: sockets.signal, ...tls };
    const connection = await driver.connect(address.options, socketOptions);
    // What it says in an error it says again when it closes.
    connection.on('error', () => {});
    connection.on('close', lose);
    gatherWritesOf(connection);
    allowAnyHeaders(connection);
    return connection;
  };

  const open = async () => {
    const [publishing, consuming] = await Promise.all([connect(), connect()]);
    const publisher = await createPublisher(publishing, lose);
    return { publishing, consuming, publisher };
  };

  const cancel = systemClock.setTimer(CONNECT_WITHIN_MS, () => sockets.abort());
  const opened = await open()
    .catch((error: unknown) => {
      sockets.abort();
      throw explainConnect(error, address, CONNECT_WITHIN_MS);
    })
    .finally(cancel);
  isOpen = true;

  return {
    publisher: opened.publisher,
    get lost() {
      return lost;
    },
    async openChannel() {
      const channel = await opened.consuming.createChannel();
      channels.set(channel, undefined);
      channel.on('error', (error) => channels.set(channel, error));
      return channel;
    },
    guard(channel) {
      channel.on('close', () => {
        const reason = channels.get(channel);
        if (channels.delete(channel)) lose(reason);
      });
    },
    closeChannel(channel) {
      channels.delete(channel);
      // It may have ended with its connection.
      channel.close().catch(() => {});
    },
    fail: lose,
    async close() {
      isClosing = true;
      // A connection that is closed does not wait for what its channels have yet to send.
      const shut = async (): Promise<void> => {
        await Promise.allSettled([opened.publisher.close(), ...[...channels.keys()].map((channel) => channel.close())]);
        await Promise.allSettled([opened.publishing.close(), opened.consuming.close()]);
      };
      if (lost === undefined) await within(CLOSE_WITHIN_MS, shut());
      sockets.abort();
    },
  };
}

/** Where the driver keeps its socket elsewhere one day, each frame is a write of its own again. */
function gatherWritesOf({ connection }: ChannelModel): void {
  const socket: unknown = Reflect.get(connection, 'stream');
  if (socket instanceof Writable) gatherWrites(socket, (flush) => process.nextTick(flush));
}

/** Resolves when the work has ended or the time is up. */
export function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.setTimer(limitMs, resolve);
    const end = (): void => {
      cancel();
      resolve();
    };
    work.then(end, end);
  });
}
