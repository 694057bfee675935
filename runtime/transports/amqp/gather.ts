import { Writable } from 'node:stream';
import type { ChannelModel } from 'amqplib';

/**
 * Has what a connection sends in one turn of the event loop leave as one write. The driver writes each frame on its own,
 * which is a system call each: under load they cost more than all else. Where the driver keeps its socket elsewhere one
 * day, nothing changes but that.
 */
export function gatherWrites({ connection }: ChannelModel): void {
  const socket: unknown = Reflect.get(connection, 'stream');
  if (!(socket instanceof Writable)) return;
  let isGathering = false;
  const write = socket.write.bind(socket) as (chunk: unknown) => boolean;
  socket.write = (chunk: unknown): boolean => {
    if (!isGathering) {
      isGathering = true;
      socket.cork();
      process.nextTick(() => {
        isGathering = false;
        socket.uncork();
      });
    }
    return write(chunk);
  };
}
