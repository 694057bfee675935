import type { Options } from 'amqplib';

/** Where a broker is, and who asks. */
export interface BrokerAddress {
  /** Host and port: what an error may say. */
  readonly place: string;
  readonly vhost: string;
  readonly options: Options.Connect;
}

const HEARTBEAT_S = 5;
/** What RabbitMQ offers; asking for the same makes both sides cut large messages alike. */
const FRAME_BYTES = 131_072;

/**
 * Reads `amqp://user:password@host:port/vhost`, or `amqps://…`, which may end in `?heartbeat=<seconds>`.
 *
 * @throws Error that does not hold the URL, as there may be a password in it
 */
export function readAddress(text: string, isSecured: boolean): BrokerAddress {
  const url = parse(text);
  const protocol = isSecured || url.protocol === 'amqps:' ? 'amqps' : 'amqp';
  const port = url.port === '' ? (protocol === 'amqps' ? 5671 : 5672) : Number(url.port);
  const heartbeat = Number(url.searchParams.get('heartbeat') ?? HEARTBEAT_S);
  if (!Number.isInteger(heartbeat) || heartbeat < 0 || heartbeat > 65_535) {
    throw new Error('The heartbeat in the url of the amqp transport must be a whole number of seconds; 0 is none.');
  }
  const vhost = decode(url.pathname.slice(1)) || '/';
  const isNamed = url.username !== '' || url.password !== '';
  return {
    place: `${url.hostname}:${port}`,
    vhost,
    options: {
      protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port,
      username: isNamed ? decode(url.username) : 'guest',
      password: isNamed ? decode(url.password) : 'guest',
      vhost: encodeURIComponent(vhost),
      heartbeat,
      frameMax: FRAME_BYTES,
    },
  };
}

const WRONG_URL = 'The url of the amqp transport must be like amqp://user:password@host:5672/vhost, percent-encoded.';

// A cause would hold the URL as it was given.
function parse(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below.
  }
  if (url === undefined || !/^amqps?:$/.test(url.protocol) || url.hostname === '') throw new Error(WRONG_URL);
  // A password with a raw / ? or # ends the host early: what is named as the host then is part of it.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) throw new Error(WRONG_URL);
  return url;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error(WRONG_URL);
  }
}
