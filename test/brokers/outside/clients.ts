import { type ChildProcess, execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import type { Broker, BrokerKind } from '../broker.js';
import { findProgram, hasPythonPackages, pythonPackagesFolder } from '../installed.js';

/** A program that is not ours and that speaks to a broker, to see from outside what is on the wire. */
export interface OutsideClient {
  /** Its name, for the names of tests. */
  readonly name: string;
  /** What is missing for it on this machine; undefined where nothing is. */
  missing(): string | undefined;
  /** Makes the place where messages of a topic go, where somebody has to. */
  declare(broker: Broker, topic: string): Promise<void>;
  /** Resolves when it listens, with the bytes of the first message that comes. */
  read(broker: Broker, topic: string): Promise<{ readonly bytes: Promise<Buffer> }>;
  write(broker: Broker, topic: string, bytes: Uint8Array): Promise<void>;
}

const run = promisify(execFile);

/** Runs a program to its end, with bytes on its standard input. */
async function feed(command: string, args: readonly string[], input: Uint8Array | string, env = {}): Promise<void> {
  const running = run(command, args, { env: { ...process.env, ...env } });
  running.child.stdin?.end(input);
  await running;
}

/** Starts a program and has its output; resolves when `isReady` says so of what it has printed so far. */
async function listen(
  command: string,
  args: readonly string[],
  isReady: (printed: string) => boolean,
  env = {},
): Promise<{ readonly printed: Promise<Buffer> }> {
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  const output = (): Buffer => Buffer.concat(chunks);
  let ready = (): void => {};
  const isListening = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const printed = new Promise<Buffer>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      ready();
      if (code === 0) resolve(output());
      else reject(new Error(`${command} ended with ${code}.`));
    });
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (isReady(output().toString())) ready();
  });
  if (isReady('')) ready();
  await isListening;
  return { printed };
}

function missingPrograms(...names: readonly string[]): string | undefined {
  const missing = names.filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `the program ${missing.join(', ')}`;
}

const kcat: OutsideClient = {
  name: 'kcat',
  missing: () => missingPrograms('kcat'),
  async declare({ port }, topic) {
    // kcat makes no topics.
    const admin = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
  },
  async read({ port }, topic) {
    const args = ['-C', '-b', `127.0.0.1:${port}`, '-t', topic, '-o', 'beginning', '-c', '1', '-q', '-f', '%s'];
    const { printed } = await listen('kcat', args, () => true);
    return { bytes: printed };
  },
  async write({ port }, topic, bytes) {
    // Without a delimiter that no message holds, it would send a message for each line.
    await feed('kcat', ['-P', '-b', `127.0.0.1:${port}`, '-t', topic, '-D', '\u0003'], bytes);
  },
};

const python = (script: string, packages: readonly string[]) => ({
  command: 'python3',
  script: path.join(import.meta.dirname, script),
  env: { PYTHONPATH: pythonPackagesFolder(), PYTHONDONTWRITEBYTECODE: '1' },
  missing: (): string | undefined =>
    missingPrograms('python3') ??
    (hasPythonPackages(...packages) ? undefined : `the Python packages ${packages.join(', ')}`),
});

/** What the scripts print: a line that says that they listen, and a line of hex. */
const isReadyLine = (printed: string): boolean => printed.startsWith('ready\n');
const fromHexLine = (printed: Buffer): Buffer => Buffer.from(printed.toString().split('\n')[1] ?? '', 'hex');

const natsPython = python('nats_client.py', ['nats']);
const natsPy: OutsideClient = {
  name: 'nats-py',
  missing: natsPython.missing,
  declare: async () => {},
  async read({ port }, topic) {
    const { command, script, env } = natsPython;
    const args = [script, `nats://127.0.0.1:${port}`, 'read', topic];
    const { printed } = await listen(command, args, isReadyLine, env);
    return { bytes: printed.then(fromHexLine) };
  },
  async write({ port }, topic, bytes) {
    const { command, script, env } = natsPython;
    await feed(command, [script, `nats://127.0.0.1:${port}`, 'write', topic], Buffer.from(bytes).toString('hex'), env);
  },
};

const sqsPython = python('sqs_client.py', ['boto3']);
const queueOf = (topic: string): string => topic.replaceAll('.', '_');
const boto: OutsideClient = {
  name: 'boto3',
  missing: sqsPython.missing,
  // It makes the queue that it reads or writes.
  declare: async () => {},
  async read({ port }, topic) {
    const { command, script, env } = sqsPython;
    const args = [script, `http://127.0.0.1:${port}`, 'read', queueOf(topic)];
    const { printed } = await listen(command, args, isReadyLine, env);
    return { bytes: printed.then(fromHexLine) };
  },
  async write({ port }, topic, bytes) {
    const { command, script, env } = sqsPython;
    const args = [script, `http://127.0.0.1:${port}`, 'write', queueOf(topic)];
    await feed(command, args, Buffer.from(bytes).toString('hex'), env);
  },
};

const amqpUrl = ({ port }: Broker): string[] => ['--url', `amqp://guest:guest@127.0.0.1:${port}`];
const amqpTools: OutsideClient = {
  name: 'amqp-tools',
  missing: () => missingPrograms('amqp-declare-queue', 'amqp-consume', 'amqp-publish'),
  async declare(broker, topic) {
    await run('amqp-declare-queue', [...amqpUrl(broker), '-d', '-q', topic]);
  },
  async read(broker, topic) {
    const { printed } = await listen('amqp-consume', [...amqpUrl(broker), '-q', topic, '-c', '1', 'cat'], () => true);
    return { bytes: printed };
  },
  async write(broker, topic, bytes) {
    await feed('amqp-publish', [...amqpUrl(broker), '-r', topic], bytes);
  },
};

const mosquitto: OutsideClient = {
  name: 'mosquitto-clients',
  missing: () => missingPrograms('mosquitto_sub', 'mosquitto_pub'),
  declare: async () => {},
  async read({ port }, topic) {
    const options = ['-V', '5', '-q', '1', '-t', topic, '-C', '1', '-d', '-F', 'hex %x'];
    // It prints to a pipe by the block otherwise, so that nobody would see that it has subscribed.
    const args = ['-oL', 'mosquitto_sub', '-h', '127.0.0.1', '-p', String(port), ...options];
    const { printed } = await listen('stdbuf', args, (text) => text.includes('Subscribed ('));
    return { bytes: printed.then((text) => Buffer.from(/^hex (.*)$/m.exec(text.toString())?.[1] ?? '', 'hex')) };
  },
  async write({ port }, topic, bytes) {
    await feed(
      'mosquitto_pub',
      ['-h', '127.0.0.1', '-p', String(port), '-V', '5', '-q', '1', '-t', topic, '-s'],
      bytes,
    );
  },
};

/** One for each broker. */
export const outsideClients: { readonly [Kind in BrokerKind]: OutsideClient } = {
  kafka: kcat,
  nats: natsPy,
  amqp: amqpTools,
  mqtt: mosquitto,
  sqs: boto,
};
