import { systemClock, systemRandom } from '../clock.js';
import { type TopicNames, type Transport, type TransportFlags, topicNamesOf } from '../transport.js';
import { createApi } from './sqs/api.js';
import { openConnection } from './sqs/connection.js';
import { describe, isForbidden } from './sqs/failure.js';
import { limit } from './sqs/time-limit.js';

/** Settings of an SQS transport. */
export interface SqsConfig {
  readonly kind?: 'sqs';
  readonly region: string;
  /** Where SQS is, if it is not that of AWS: `http://127.0.0.1:9324` for a server on this machine. */
  readonly endpoint?: string;
  /** Keys, where the AWS client is not to look for them itself. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** The agent's own topics, where they are not the default ones. */
  readonly queues?: TopicNames;
  readonly topics?: TopicNames;
  /** Requests go by FIFO queues; answers never do. */
  readonly fifo?: boolean;
  /** How often a request that is never settled is handed out before it goes to the dead letters; 5 unless set. */
  readonly maxDeliveries?: number;
  /** How long after the death of a receiver what it had is handed out again, in seconds; 30 unless set. */
  readonly visibilitySeconds?: number;
  /**
   * How long one request waits for messages of the requests queue, in seconds; 2 unless set. SQS may hand messages to a receiver
   * that has died for as long, and one that stops takes as long.
   */
  readonly waitSeconds?: number;
  /** The most bytes that a message may have; 262,144 unless set, which all of AWS and its imitations take. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 262_144;
const DEFAULT_MAX_DELIVERIES = 5;
const DEFAULT_VISIBILITY_SECONDS = 30;
const DEFAULT_WAIT_SECONDS = 2;
/** Credentials may have to be fetched from elsewhere. */
const CONNECT_WITHIN_MS = 15_000;

/** A transport over Amazon SQS, or what speaks its protocol. Needs `@aws-sdk/client-sqs`. */
export function sqs(config: SqsConfig): Transport {
  const { region, endpoint, credentials, fifo = false, maxBytes = DEFAULT_MAX_BYTES } = config;
  const { maxDeliveries = DEFAULT_MAX_DELIVERIES, visibilitySeconds = DEFAULT_VISIBILITY_SECONDS } = config;
  const { waitSeconds = DEFAULT_WAIT_SECONDS } = config;
  const flags: TransportFlags = {
    // Where nobody has ever served the agent, and its queue is missing.
    noResponder: true,
    maxBytes,
    tellsAge: true,
    holdsRequests: true,
    confirmsAck: true,
    deadLetters: true,
    losesRepliesWithConnection: false,
  };
  return {
    kind: 'sqs',
    topics: topicNamesOf({ kind: 'sqs', ...config }),
    flags,
    async connect(owner, watcher) {
      const place = endpoint === undefined ? `SQS in ${region}` : `SQS at ${hostOf(endpoint)}`;
      const clock = systemClock;
      const api = await createApi({
        region,
        clock,
        ...(endpoint && { endpoint }),
        ...(credentials && { credentials }),
      });
      // Any answer will do. Whoever may not list queues may still use those it knows.
      const asked = api.list('declaragent').then(
        () => {},
        (error: unknown) => {
          if (!isForbidden(error)) throw error;
        },
      );
      try {
        await limit(clock, CONNECT_WITHIN_MS, asked, () => {
          const error = new Error(`It has not answered within ${CONNECT_WITHIN_MS} ms.`);
          throw Object.assign(error, { name: 'TimeoutError' });
        });
      } catch (cause) {
        api.close();
        throw new Error(`${place} cannot be used (${describe(cause)}).`, { cause });
      }
      return openConnection({
        ...{ api, owner, watcher, clock, random: systemRandom },
        ...{ fifo, maxBytes, maxDeliveries, visibilitySeconds, waitSeconds },
      });
    },
  };
}

/** An address without what may be secret in it. */
function hostOf(endpoint: string): string {
  if (URL.canParse(endpoint)) return new URL(endpoint).host;
  throw new Error('The endpoint of SQS is not a URL; give one like http://127.0.0.1:9324.');
}
