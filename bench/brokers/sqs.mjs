/** The AWS client by hand: a reply queue, long polls of 20 s and 10 messages, a request deleted when its answer is sent. */
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

const REQUESTS = 'bench_raw_requests';
/** How many polls read requests at once. */
const POLLERS = 4;

const open = ({ region, endpoint, credentials }) => new SQSClient({ region, endpoint, credentials });
const makeQueue = async (client, name) => (await client.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl;

async function poll(client, queue, take) {
  for (;;) {
    const command = new ReceiveMessageCommand({ QueueUrl: queue, WaitTimeSeconds: 20, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await client.send(command);
    const taken = Messages.map(take);
    if (Messages.length === 0) continue;
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    void Promise.all(taken).then(() => client.send(new DeleteMessageBatchCommand({ QueueUrl: queue, Entries })));
  }
}

export async function serve(config) {
  const client = open(config);
  const queue = await makeQueue(client, REQUESTS);
  for (let poller = 0; poller < POLLERS; poller++) {
    poll(client, queue, ({ Body }) => {
      const { replyTo, id, payload } = JSON.parse(Body);
      return client.send(new SendMessageCommand({ QueueUrl: replyTo, MessageBody: JSON.stringify({ id, payload }) }));
    });
  }
}

export async function openCall(config) {
  const client = open(config);
  const queue = await makeQueue(client, REQUESTS);
  const replyTo = await makeQueue(client, `bench_raw_replies_${process.pid}`);
  const pending = new Map();
  poll(client, replyTo, ({ Body }) => {
    const { id, payload } = JSON.parse(Body);
    pending.get(id)?.(payload);
    pending.delete(id);
  });
  let next = 0;
  return (payload) =>
    new Promise((resolve, reject) => {
      const id = next++;
      pending.set(id, resolve);
      const MessageBody = JSON.stringify({ id, replyTo, payload });
      client.send(new SendMessageCommand({ QueueUrl: queue, MessageBody })).catch(reject);
    });
}
