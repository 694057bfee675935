import { DeleteQueueCommand, GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type SqsConfig, sqs } from '../../runtime/transports/sqs.js';
import { createRealBroker, describeRealBroker, type RealBrokerOptions } from './real-broker.js';

const KEYS = { accessKeyId: 'x', secretAccessKey: 'x' };
const configOf = (port: number): SqsConfig => ({
  ...{ region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials: KEYS },
  visibilitySeconds: 2,
});

/** The client itself, for what is done to the broker behind the transport's back. */
const clientOf = (port: number): SQSClient => new SQSClient({ ...configOf(port), maxAttempts: 1 });

const optionsOf = (fifo: boolean): RealBrokerOptions => ({
  kind: 'sqs',
  createTransport: ({ port }) => sqs({ ...configOf(port), fifo }),
  ownAbilities: ['deleteTopic', 'deadLetters'],
  abilitiesOf({ port }) {
    const client = clientOf(port);
    const suffix = fifo ? '.fifo' : '';
    const urlOf = async (topic: string, use = ''): Promise<string | undefined> => {
      const QueueName = `${topic.replaceAll('.', '_')}${use}${suffix}`;
      return (await client.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;
    };
    return {
      async deleteTopic(topic) {
        await client.send(new DeleteQueueCommand({ QueueUrl: await urlOf(topic) }));
      },
      async deadLetters(topic) {
        const QueueUrl = await urlOf(topic, '_dlq');
        const letters = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
        const { Messages = [] } = await client.send(new ReceiveMessageCommand(letters));
        return Messages.map(({ Body = '', MessageAttributes = {} }) => ({
          topic,
          bytes: Buffer.from(Body),
          reason: MessageAttributes['x-declaragent-reason']?.StringValue ?? '',
        }));
      },
    };
  },
  without: {
    pause: 'SQS hands out whatever it has, and knows no readers that it could pause',
    resume: 'SQS hands out whatever it has, and knows no readers that it could pause',
    leftovers: 'the reply queue of a process that has died is removed by the next of its agent, an hour later',
    refusedTransport: 'ElasticMQ takes any keys',
  },
  repetitions: 20,
  slownessMs: 15_000,
});

describeRealBroker(createRealBroker(optionsOf(false)), 'sqs');
