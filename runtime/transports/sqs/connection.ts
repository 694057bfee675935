import { noteAnswered } from '../../answerable.js';
import type { Clock, Random } from '../../clock.js';
import { toHex } from '../../clock.js';
import { AgentRpcError } from '../../errors.js';
import type { Connection, ConnectionOwner, ConnectionWatcher, OutgoingMessage } from '../../transport.js';
import { type Api, MOST_TOGETHER, type Parcel } from './api.js';
import { encodeBody } from './body.js';
import { isConnectionFailure, isMissingQueue, toPublishError } from './failure.js';
import { createLanes, type LanesOptions } from './lanes.js';
import { createLink } from './link.js';
import { queueNameOf } from './names.js';
import { createQueues } from './queues.js';
import { createReader, type Reader } from './reader.js';
import { createReplies } from './replies.js';
import { createRequestReader } from './requests.js';
import { limit } from './time-limit.js';

/** What a connection is made from. */
export interface ConnectionOptions {
  readonly api: Api;
  readonly owner: ConnectionOwner;
  readonly watcher: ConnectionWatcher;
  readonly clock: Clock;
  readonly random: Random;
  readonly fifo: boolean;
  readonly maxBytes: number;
  readonly maxDeliveries: number;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
}

/** The most that AWS lets a reader wait for. */
const WAIT_FOR_ANSWERS_SECONDS = 20;
/** Long enough to be told of, and short, since an answer that went to a connection which was cut comes again then. */
const ANSWER_VISIBILITY_SECONDS = 3;
const FLIGHTS = 8;
/** How long what nobody waits for may wait to be deleted together with others. */
const PATIENCE_MS = 200;
const CLOSE_WITHIN_MS = 2_000;
const nothing = (): Promise<void> => Promise.resolve();
/** What SQS takes as a group or an id for deduplication. */
const PLAIN_ID = /^[\w!-/:-@[-`{-~]{1,128}$/;

/** A bus on SQS, whose broker has answered. */
export function openConnection(options: ConnectionOptions): Connection {
  const { api, owner, watcher, clock, random, fifo, maxBytes, maxDeliveries, visibilitySeconds, waitSeconds } = options;
  const queues = createQueues({ api, fifo, maxDeliveries });
  const replies = createReplies({ api, owner, clock, random });
  const readers = new Set<Reader>();
  const endings: (() => void)[] = [];
  let isClosed = false;

  // A queue that is missing is an answer as well.
  const link = createLink(watcher, async () => {
    await api.findUrl(queueNameOf(`agents.declaragent.probe`, false)).catch((error: unknown) => {
      if (isConnectionFailure(error)) throw error;
    });
  });

  const suspectIfUnanswered = (error: unknown): void => {
    if (isConnectionFailure(error)) link.suspect();
  };
  const together = { most: MOST_TOGETHER, flights: FLIGHTS };
  const sent = createLanes<Parcel>({
    ...together,
    mostBytes: maxBytes,
    bytesOf: ({ text }) => Buffer.byteLength(text),
    send: (url, parcels) => api.send(url, parcels),
  });
  const settle: LanesOptions<string>['send'] = (url, receipts) => api.settle(url, receipts);
  const settled = createLanes({ ...together, send: settle });
  const settledLater = createLanes({ ...together, patience: { clock, ms: PATIENCE_MS }, send: settle });
  const returned = createLanes<string>({ ...together, send: (url, receipts) => api.hide(url, receipts, 0) });

  const assertStanding = (): void => {
    const cause = isClosed ? undefined : link.lost();
    if (!isClosed && cause === undefined) return;
    const message = isClosed ? 'The SQS connection is closed.' : 'SQS cannot be reached at present.';
    throw new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message, executed: 'no', cause });
  };

  const publish = async (message: OutgoingMessage): Promise<void> => {
    assertStanding();
    noteAnswered(message);
    const { topic, kind, bytes, messageId } = message;
    const isFifo = fifo && kind !== 'response';
    const name = queueNameOf(topic, isFifo);
    const body = encodeBody(bytes);
    if (body.text.length > maxBytes || bytes.byteLength > maxBytes) {
      const message = `SQS takes messages of ${maxBytes} bytes at most.`;
      throw new AgentRpcError({ code: 'EAGENTRPC_TOO_LARGE', message, details: { limit: 'bytes', max: maxBytes } });
    }
    let url: string | undefined;
    try {
      url = await queues.find(name);
      await sent.add(url, { ...body, ...(isFifo && idsFor(messageId)) });
    } catch (error) {
      suspectIfUnanswered(error);
      if (isMissingQueue(error)) {
        queues.forget(name);
        // An answer that nobody waits for is dropped.
        if (kind === 'response') return;
      }
      throw toPublishError(error, name, url !== undefined);
    }
  };

  /**
   * Each message is a group of its own, so that no call waits for another; copies of one come one after another. SQS swallows what
   * has the id of something sent within five minutes, and a retry has the messageId of what it repeats: so the id is another one
   * each time.
   */
  const idsFor = (messageId: string): Pick<Parcel, 'groupId' | 'deduplicationId'> => ({
    groupId: PLAIN_ID.test(messageId) ? messageId : toHex(Buffer.from(messageId)).slice(0, 128),
    deduplicationId: toHex(random.bytes(16)),
  });

  return {
    async subscribe(topic, role, deliver, { prefetch = Number.POSITIVE_INFINITY } = {}) {
      assertStanding();
      let reader: Reader;
      if (role === 'requests') {
        const requests = await createRequestReader({
          ...{ api, link, queues, clock, topic, fifo, prefetch, visibilitySeconds, waitSeconds },
          ...{ deliver, idsFor, sent, settled, settledLater, returned },
        });
        endings.push(requests.end);
        reader = requests;
      } else {
        let url: string | undefined = await replies.claim(topic);
        reader = createReader({
          ...{ api, link, waitSeconds: WAIT_FOR_ANSWERS_SECONDS, visibilitySeconds: ANSWER_VISIBILITY_SECONDS },
          // Whoever waits for an answer knows by when it wants it, and takes it once.
          withHistory: false,
          async declare() {
            url ??= await replies.claim(topic);
            return url;
          },
          forget() {
            url = undefined;
          },
          room: () => Number.POSITIVE_INFINITY,
          take({ bytes, ageMs, redelivered, receipt, probe }, from) {
            // What stays there comes again, and nobody waits for it then.
            settledLater.add(from, receipt).catch(suspectIfUnanswered);
            if (probe !== undefined) replies.answerProbe(from, probe).catch(suspectIfUnanswered);
            else deliver({ bytes, ageMs, redelivered, ack: nothing, nack: nothing, reject: nothing });
          },
        });
      }
      readers.add(reader);
      // What comes to a reply queue that is not read any more, nobody else would have.
      return { close: role === 'requests' ? reader.close : reader.abort };
    },

    publish,

    async close() {
      if (isClosed) return;
      isClosed = true;
      const wasLost = link.lost() !== undefined;
      link.close();
      replies.close();
      await Promise.all([...readers].map((reader) => reader.abort()));
      const sending = [sent, settled, settledLater, returned].map((lanes) => lanes.close());
      // Where nobody answers, whoever connects next removes the queues.
      const ending = Promise.all([...sending, replies.removeAll()]).then(() => {});
      if (!wasLost) await limit(clock, CLOSE_WITHIN_MS, ending, () => {});
      for (const end of endings) end();
      api.close();
    },
  };
}
