import { readFileSync } from 'node:fs';
import type { ConnectionOptions, NatsConnection, Status } from '@nats-io/transport-node';
import { systemClock } from '../../clock.js';
import { loadDriver } from '../../driver.js';
import { readTls } from '../../tls.js';
import type { ConnectionOwner, ConnectionWatcher } from '../../transport.js';
import type { NatsConfig } from '../nats.js';
import { readPlaces, showPlace } from './places.js';
import { withoutSilentSockets } from './silent-sockets.js';

/** One connection to the servers, which comes back by itself. */
export interface NatsLink {
  readonly client: NatsConnection;
  /** Why nothing gets through at present; undefined while the link stands. */
  lost(): Error | undefined;
  /** The promise, or a rejection as soon as the link is lost or closed. */
  whileUp<T>(promise: Promise<T>): Promise<T>;
  /** Sends what is on its way, where the servers still answer, and leaves nothing open. */
  close(): Promise<void>;
}

/** What a link tells those who use it. None of it throws. */
export interface LinkEvents {
  lost(reason: Error): void;
  /** It is back, and the servers know its subscriptions. What it returns is waited for before the watcher is told. */
  restored(): Promise<void> | void;
  /** The servers refuse what is published to a subject. */
  refused(subject: string): void;
}

/** How long a server may take to answer who connects. */
const CONNECT_WITHIN_MS = 5_000;
const PING_EVERY_MS = 5_000;
/** How many pings stay unanswered before the link is taken for lost. */
const MAX_PINGS_OUT = 2;
const RECONNECT_EVERY_MS = 250;
/** How long a link that is closed waits for the servers to have taken what was sent. */
const FLUSH_WITHIN_MS = 1_000;

/** @throws Error with the reason in one sentence, when no server can be reached or those that can refuse */
export async function openLink(
  config: NatsConfig,
  owner: ConnectionOwner,
  inboxPrefix: string,
  watcher: ConnectionWatcher,
  events: LinkEvents,
): Promise<NatsLink> {
  const places = readPlaces(config.servers);
  const driver = { kind: 'nats', name: '@nats-io/transport-node', major: 3 } as const;
  const { connect, credsAuthenticator } = await loadDriver(driver, () => import('@nats-io/transport-node'));
  const { user, password, token, credsFile } = config;
  const tls = readTls(config.tls);
  const options: ConnectionOptions = {
    servers: places.map(showPlace),
    name: `${owner.agent} ${owner.instance}`,
    inboxPrefix,
    timeout: CONNECT_WITHIN_MS,
    pingInterval: PING_EVERY_MS,
    maxPingOut: MAX_PINGS_OUT,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_EVERY_MS,
    reconnectJitter: RECONNECT_EVERY_MS,
    reconnectJitterTLS: RECONNECT_EVERY_MS,
    waitOnFirstConnect: false,
    // Credentials that were good once may be good again: a server that restarts may refuse them for a moment.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(token !== undefined && { token }),
    ...(credsFile !== undefined && { authenticator: credsAuthenticator(readCreds(credsFile)) }),
    ...(tls && { tls }),
  };
  const ports = places.map(({ port }) => port);
  const client = await withoutSilentSockets(ports, () => connect(options)).catch((cause: unknown) => {
    throw new Error(`NATS at ${places.map(showPlace).join(', ')} ${explain(cause)}.`, { cause });
  });

  let lost: Error | undefined;
  let isClosing = false;
  /** Whether the watcher knows it as lost, which it does until everything reads again. */
  let isTold = false;
  /** How often it was lost, also while it was coming back. */
  let losses = 0;
  const waiters = new Set<(reason: Error) => void>();

  const lose = (message: string): void => {
    losses++;
    if (lost !== undefined) return;
    const reason = new Error(message);
    lost = reason;
    for (const reject of waiters) reject(reason);
    if (isClosing) return;
    events.lost(reason);
    if (isTold) return;
    isTold = true;
    watcher.lost(reason);
  };

  const restore = async (): Promise<void> => {
    const lossesBefore = losses;
    // The subscriptions are on their way before this, and servers answer in turn.
    await client.flush();
    const isLostAgain = (): boolean => isClosing || losses !== lossesBefore;
    if (isLostAgain()) return;
    lost = undefined;
    await events.restored();
    if (isLostAgain()) return;
    isTold = false;
    watcher.restored();
  };

  const onStatus = (status: Status): void => {
    if (status.type === 'staleConnection') {
      lose('The NATS server answers no more.');
      // What is still to be written would be waited for, and it is that which nobody reads.
      void socketOf(client)?.close();
    } else if (status.type === 'disconnect') {
      lose('The connection to the NATS server was lost.');
    } else if (status.type === 'reconnect') {
      // Where it is lost again meanwhile, it comes back again.
      restore().catch(() => {});
    } else if (status.type === 'error' && isRefusal(status.error)) {
      events.refused(status.error.subject);
    }
  };
  const watch = async (): Promise<void> => {
    for await (const status of client.status()) onStatus(status);
    lose('The connection to the NATS server is closed.');
  };
  void watch();

  const whileUp = <T>(promise: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (lost !== undefined) reject(lost);
      waiters.add(reject);
      promise.then(resolve, reject).finally(() => waiters.delete(reject));
    });

  return {
    client,
    lost: () => lost,
    whileUp,
    async close() {
      if (isClosing) return;
      isClosing = true;
      if (lost === undefined) {
        let cancel = (): void => {};
        const late = new Promise<void>((resolve) => {
          cancel = systemClock.setTimer(FLUSH_WITHIN_MS, resolve);
        });
        await Promise.race([whileUp(client.flush()).catch(() => {}), late]);
        cancel();
      }
      const socket = socketOf(client);
      await client.close();
      // One that is being connected is none that the client would close.
      socket?.discard();
    },
  };
}

/** What the client library calls its transport, which it has no door for. */
interface ClientSocket {
  close(): Promise<void>;
  discard(): void;
}

function socketOf(client: NatsConnection): ClientSocket | undefined {
  return (client as { readonly protocol?: { readonly transport?: ClientSocket } }).protocol?.transport;
}

function isRefusal(error: Error): error is Error & { readonly subject: string } {
  return error.name === 'PermissionViolationError' && Reflect.get(error, 'operation') === 'publish';
}

function explain(error: unknown): string {
  const { name, message, code } = Object(error) as { name?: string; message?: string; code?: string };
  if (name === 'AuthorizationError') return 'refuses the credentials';
  if (name === 'TimeoutError') return `does not answer within ${CONNECT_WITHIN_MS} ms`;
  const [line = ''] = String(message).split('\n');
  return `cannot be reached: ${line || code || name}`.replace(/\.$/, '');
}

function readCreds(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new Error(`credsFile names ${file}, which cannot be read${reason}.`, { cause });
  }
}
