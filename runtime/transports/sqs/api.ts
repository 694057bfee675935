import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { MessageAttributeValue, SQSClient, SQSClientConfig } from '@aws-sdk/client-sqs';
import type { Clock } from '../../clock.js';
import { loadDriver } from '../../driver.js';
import { type Body, decodeBody, ENCODING_ATTRIBUTE } from './body.js';
import { createBrokerTime } from './broker-time.js';

/** The attribute that says why a message is with the dead letters. */
const REASON_ATTRIBUTE = 'x-declaragent-reason';
/** The attribute of a message that asks whoever reads a reply queue to say so. */
const PROBE_ATTRIBUTE = 'x-declaragent-probe';
/** What SQS takes in one request. */
export const MOST_TOGETHER = 10;

const CONNECT_WITHIN_MS = 3_000;
const ANSWER_WITHIN_MS = 5_000;
const MOST_SOCKETS = 256;

/** What the client is made from. */
export interface ApiOptions {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: SQSClientConfig['credentials'];
  readonly clock: Clock;
}

/** A message to be sent. */
export interface Parcel extends Body {
  readonly reason?: string;
  readonly probe?: string;
  /** In a FIFO queue: which messages keep their order, and which are one. */
  readonly groupId?: string;
  readonly deduplicationId?: string;
}

/** A message that was received. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly receipt: string;
  /** Undefined where that was not asked for. */
  readonly ageMs: number | undefined;
  /** False where that was not asked for. */
  readonly redelivered: boolean;
  readonly probe: string | undefined;
}

export interface ReceiveOptions {
  readonly most: number;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number;
  /** Whether SQS is to tell how old each message is and whether it was handed out before, which costs it a little. */
  readonly withHistory: boolean;
  readonly signal: AbortSignal;
}

/** What became of each of several things, in their order. */
export type Ends = readonly (Error | undefined)[];

/** What of SQS is used here; each rejects with the library's error. */
export interface Api {
  findUrl(name: string): Promise<string>;
  /** Rejects where there is a queue of that name with other attributes. */
  create(name: string, attributes: Record<string, string>, tags?: Record<string, string>): Promise<string>;
  /** The URLs of queues whose names begin so, a thousand at most. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly string[]>;
  remove(url: string): Promise<void>;
  arnOf(url: string): Promise<string>;
  tagsOf(url: string): Promise<Readonly<Record<string, string>>>;
  tag(url: string, tags: Record<string, string>): Promise<void>;
  receive(url: string, options: ReceiveOptions): Promise<readonly Received[]>;
  send(url: string, parcels: readonly Parcel[]): Promise<Ends>;
  settle(url: string, receipts: readonly string[]): Promise<Ends>;
  /** Has messages come again after so many seconds, unless they are settled before. */
  hide(url: string, receipts: readonly string[], seconds: number): Promise<Ends>;
  /** By the broker's clock. */
  now(): number;
  /** Ends all that is under way. */
  close(): void;
}

/** Loads the client of SQS. Nothing is asked yet. */
export async function createApi({ region, endpoint, credentials, clock }: ApiOptions): Promise<Api> {
  const sqs = await loadDriver(
    { kind: 'sqs', name: '@aws-sdk/client-sqs', major: 3 },
    () => import('@aws-sdk/client-sqs'),
  );
  const time = createBrokerTime(clock);
  const sockets = { keepAlive: true, noDelay: true, maxSockets: MOST_SOCKETS };
  const client: SQSClient = new sqs.SQSClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
    // A message that got through is not to be sent again: whoever publishes it is told what happened.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN_MS,
      requestTimeout: ANSWER_WITHIN_MS,
      throwOnRequestTimeout: true,
      httpAgent: new Agent(sockets),
      httpsAgent: new SecureAgent(sockets),
    },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const askedAt = clock.now();
      const result = await next(args);
      time.observe(dateOf(result.response), askedAt);
      return result;
    },
    { step: 'deserialize', name: 'brokerTime', priority: 'low' },
  );

  return {
    async findUrl(name) {
      const { QueueUrl } = await client.send(new sqs.GetQueueUrlCommand({ QueueName: name }));
      return expectText(QueueUrl);
    },
    async create(name, attributes, tags) {
      const command = { QueueName: name, Attributes: attributes, ...(tags && { tags }) };
      const { QueueUrl } = await client.send(new sqs.CreateQueueCommand(command));
      return expectText(QueueUrl);
    },
    async list(prefix, signal) {
      const command = new sqs.ListQueuesCommand({ QueueNamePrefix: prefix, MaxResults: 1_000 });
      const { QueueUrls = [] } = await client.send(command, signal && { abortSignal: signal });
      return QueueUrls;
    },
    async remove(url) {
      await client.send(new sqs.DeleteQueueCommand({ QueueUrl: url }));
    },
    async arnOf(url) {
      const command = new sqs.GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] });
      const { Attributes } = await client.send(command);
      return expectText(Attributes?.QueueArn);
    },
    async tagsOf(url) {
      const { Tags = {} } = await client.send(new sqs.ListQueueTagsCommand({ QueueUrl: url }));
      return Tags;
    },
    async tag(url, tags) {
      await client.send(new sqs.TagQueueCommand({ QueueUrl: url, Tags: tags }));
    },
    async receive(url, { most, waitSeconds, visibilitySeconds, withHistory, signal }) {
      const command = new sqs.ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: most,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        ...(withHistory && { MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'] }),
        MessageAttributeNames: [ENCODING_ATTRIBUTE, PROBE_ATTRIBUTE],
      });
      const requestTimeout = waitSeconds * 1_000 + ANSWER_WITHIN_MS;
      const { Messages = [] } = await client.send(command, { abortSignal: signal, requestTimeout });
      return Messages.map((message) => {
        const { Body = '', ReceiptHandle, Attributes = {}, MessageAttributes = {} } = message;
        const sentAt = Number(Attributes.SentTimestamp);
        return {
          bytes: decodeBody({ text: Body, isBase64: MessageAttributes[ENCODING_ATTRIBUTE]?.StringValue === 'base64' }),
          receipt: expectText(ReceiptHandle),
          ageMs: Number.isNaN(sentAt) ? undefined : Math.max(0, time.now() - sentAt),
          redelivered: Number(Attributes.ApproximateReceiveCount) > 1,
          probe: MessageAttributes[PROBE_ATTRIBUTE]?.StringValue,
        };
      });
    },
    async send(url, parcels) {
      const [first, ...others] = parcels;
      // A batch of one costs both sides more.
      if (first !== undefined && others.length === 0) {
        await client.send(new sqs.SendMessageCommand({ QueueUrl: url, ...messageOf(first) }));
        return [undefined];
      }
      const Entries = parcels.map((parcel, index) => ({ Id: String(index), ...messageOf(parcel) }));
      return endsOf(Entries, await client.send(new sqs.SendMessageBatchCommand({ QueueUrl: url, Entries })));
    },
    async settle(url, receipts) {
      const Entries = receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
      return endsOf(Entries, await client.send(new sqs.DeleteMessageBatchCommand({ QueueUrl: url, Entries })));
    },
    async hide(url, receipts, seconds) {
      const Entries = receipts.map((ReceiptHandle, index) => ({
        Id: String(index),
        ReceiptHandle,
        VisibilityTimeout: seconds,
      }));
      const command = new sqs.ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
      return endsOf(Entries, await client.send(command));
    },
    now: () => time.now(),
    close: () => client.destroy(),
  };
}

/** What one message and one of several have in common. */
function messageOf({ text, isBase64, reason, probe, groupId, deduplicationId }: Parcel) {
  const attributes = attributesOf({
    ...(isBase64 && { [ENCODING_ATTRIBUTE]: 'base64' }),
    ...(reason !== undefined && { [REASON_ATTRIBUTE]: reason }),
    ...(probe !== undefined && { [PROBE_ATTRIBUTE]: probe }),
  });
  return {
    MessageBody: text,
    ...(attributes && { MessageAttributes: attributes }),
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
  };
}

interface BatchResult {
  readonly Failed?:
    | readonly Partial<Record<'Id' | 'Code', string | undefined> & { readonly SenderFault: boolean | undefined }>[]
    | undefined;
}

/** What was refused of a batch, as errors that look like those of the library. */
function endsOf(entries: readonly { readonly Id: string }[], { Failed = [] }: BatchResult): Ends {
  const failures = new Map(Failed.map((failure) => [failure.Id, failure]));
  return entries.map(({ Id }) => {
    const failure = failures.get(Id);
    if (failure === undefined) return undefined;
    const { Code: name = 'unknown error', SenderFault = true } = failure;
    return Object.assign(new Error(`SQS has refused it (${name}).`), {
      name,
      $fault: SenderFault ? 'client' : 'server',
    });
  });
}

function attributesOf(texts: Record<string, string>): Record<string, MessageAttributeValue> | undefined {
  const entries = Object.entries(texts).map(([name, text]) => [name, { DataType: 'String', StringValue: text }]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function dateOf(response: unknown): string | undefined {
  const headers: unknown = typeof response === 'object' && response !== null && Reflect.get(response, 'headers');
  const date: unknown = typeof headers === 'object' && headers !== null && Reflect.get(headers, 'date');
  return typeof date === 'string' ? date : undefined;
}

function expectText(text: string | undefined): string {
  if (text === undefined) throw new Error('SQS has left out what it has to answer.');
  return text;
}
