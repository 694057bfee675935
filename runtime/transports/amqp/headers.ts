import type { ChannelModel } from 'amqplib';

/** What the driver keeps for itself: the bytes that it has yet to read, and what reads the next frame of them. */
interface FrameReader {
  rest: Uint8Array;
  recvFrame: () => unknown;
}

const TYPE_OF_HEADER = 2;
/** Type, channel and size. */
const HEAD_BYTES = 7;
const END_BYTE = 0xce;
/** Class, weight and the size of the body: what a content header has before its properties. */
const FIXED_BYTES = 12;
/** The flags of a message that has none. */
const NO_PROPERTIES = [0, 0] as const;

/**
 * Has a message whose properties the driver cannot decode come without any. Brokers take tags that the driver does not
 * know, and tables that are nested deeper than its stack: it would end the connection before anybody saw the message, the
 * broker would hand the message out again, and one message would keep an agent down for good. Where the driver reads its
 * frames otherwise one day, nothing changes.
 */
export function allowAnyHeaders({ connection }: ChannelModel): void {
  const reader: object = connection;
  if (!isFrameReader(reader)) return;
  const receive = reader.recvFrame.bind(reader);
  reader.recvFrame = () => {
    const bytes = reader.rest;
    try {
      return receive();
    } catch (error) {
      const length = lengthOfHeader(bytes);
      if (length === undefined) throw error;
      reader.rest = withoutProperties(bytes);
      const frame = receive();
      reader.rest = bytes.subarray(length);
      return frame;
    }
  };
}

function isFrameReader(connection: object): connection is FrameReader {
  return (
    Reflect.get(connection, 'rest') instanceof Uint8Array && Reflect.get(connection, 'recvFrame') instanceof Function
  );
}

/** How long the content header is that the bytes begin with; undefined where they do not begin with a whole one. */
function lengthOfHeader(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEAD_BYTES || bytes[0] !== TYPE_OF_HEADER) return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(3);
  if (size < FIXED_BYTES + NO_PROPERTIES.length || bytes[HEAD_BYTES + size] !== END_BYTE) return undefined;
  return HEAD_BYTES + size + 1;
}

function withoutProperties(header: Uint8Array): Uint8Array {
  const bare = Buffer.from([...header.subarray(0, HEAD_BYTES + FIXED_BYTES), ...NO_PROPERTIES, END_BYTE]);
  bare.writeUInt32BE(FIXED_BYTES + NO_PROPERTIES.length, 3);
  return bare;
}
