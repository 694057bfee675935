import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CHANNEL = 'net.client.socket';

/**
 * Runs what connects to one of `ports`; where that fails, ends the sockets that it has opened and on which nobody has said
 * anything. The client library gives those up after its time and leaves them open, so that they would keep the process.
 */
export async function withoutSilentSockets<T>(ports: readonly number[], connect: () => Promise<T>): Promise<T> {
  const opened: Socket[] = [];
  const note = (message: unknown): void => {
    opened.push((message as { readonly socket: Socket }).socket);
  };
  subscribe(CHANNEL, note);
  try {
    return await connect();
  } catch (error) {
    for (const socket of opened) {
      // Others in this process connect too; where one of them waits for the same silence, it is not to wait for long.
      if (socket.bytesRead === 0 && socket.remotePort !== undefined && ports.includes(socket.remotePort))
        socket.destroy();
    }
    throw error;
  } finally {
    unsubscribe(CHANNEL, note);
  }
}
