import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** Where a broker says that it listens. */
export interface KafkaAddress {
  readonly host: string;
  readonly port: number;
}

/** Opens a TCP connection to a broker. */
export type ConnectSocket = (address: KafkaAddress) => Socket;

/** What a client asks for. */
interface SocketRequest extends KafkaAddress {
  readonly ssl: ConnectionOptions | undefined;
  readonly onConnect: () => void;
}

/** The sockets of one connection of ours, which is several to Kafka. */
export interface Sockets {
  open(request: SocketRequest): Socket;
  /** How many have ended without us having ended them. */
  readonly broken: number;
  /** Ends all with an error, so that requests which wait on them fail at once; new ones may be opened. */
  destroyAll(reason: string): void;
  /** Ends all, and every one that is still asked for. */
  close(): void;
}

const KEEP_ALIVE_MS = 10_000;

/** `onBroken` is told of each socket that ends without us having ended it. */
export function createSockets(connectSocket: ConnectSocket | undefined, onBroken: (reason: Error) => void): Sockets {
  const sockets = new Set<Socket>();
  let isClosed = false;
  let broken = 0;

  const open = ({ host, port, ssl, onConnect }: SocketRequest): Socket => {
    const plain = connectSocket === undefined ? connect({ host, port }) : connectSocket({ host, port });
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = ssl === undefined ? plain : connectTls({ ...servername, ...ssl, socket: plain });
    socket.once(ssl === undefined ? 'connect' : 'secureConnect', onConnect);
    // The client library waits for small answers, which the kernel would hold back for 40 ms.
    plain.setNoDelay(true);
    plain.setKeepAlive(true, KEEP_ALIVE_MS);
    sockets.add(socket);
    let reason: Error | undefined;
    // What breaks below TLS is not always told above it.
    if (plain !== socket) plain.on('error', (error) => socket.destroy(error));
    const breakWith = (error: Error): void => {
      if (reason === undefined) broken++;
      reason ??= error;
    };
    socket.on('error', breakWith);
    socket.on('end', () => {
      if (!socket.writableEnded) breakWith(new Error('The broker has closed the connection.'));
    });
    socket.on('close', () => {
      sockets.delete(socket);
      if (reason !== undefined && !isClosed) onBroken(reason);
    });
    if (isClosed) socket.destroy(new Error('The connection is closed.'));
    return socket;
  };

  const destroyAll = (reason: string): void => {
    for (const socket of sockets) socket.destroy(new Error(reason));
  };

  return {
    open,
    get broken() {
      return broken;
    },
    destroyAll,
    close() {
      isClosed = true;
      destroyAll('The connection is closed.');
    },
  };
}
