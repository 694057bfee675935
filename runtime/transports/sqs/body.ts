import { isUtf8 } from 'node:buffer';

/** The attribute that says of a body that it is not the bytes themselves, as a string. */
export const ENCODING_ATTRIBUTE = 'x-declaragent-encoding';

/** Bytes as SQS carries them, which takes text only. */
export interface Body {
  readonly text: string;
  readonly isBase64: boolean;
}

/** The characters that SQS takes are those of XML 1.0. */
const REFUSED = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** SQS takes no empty body either; decoded, this is nothing. */
const EMPTY = '=';

/** An envelope goes as the text that it is; whatever SQS would refuse goes as base64. */
export function encodeBody(bytes: Uint8Array): Body {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length > 0 && isUtf8(buffer)) {
    const text = buffer.toString('utf8');
    if (!REFUSED.test(text)) return { text, isBase64: false };
  }
  return { text: buffer.toString('base64') || EMPTY, isBase64: true };
}

export function decodeBody({ text, isBase64 }: Body): Buffer {
  return Buffer.from(text, isBase64 ? 'base64' : 'utf8');
}
