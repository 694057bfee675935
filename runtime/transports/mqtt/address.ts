import type { IClientOptions } from 'mqtt';
import type { TlsOptions } from '../../tls.js';

/** Where a broker is, and who a URL says that connects. */
export interface BrokerUrl {
  readonly protocol: Protocol;
  readonly hostname: string;
  readonly port: number;
  /** Of a WebSocket. */
  readonly path: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** For messages: nothing secret is in it. */
  readonly place: string;
}

type Protocol = 'mqtt' | 'mqtts' | 'ws' | 'wss';

const PORTS: Readonly<Record<Protocol, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };
const SECURED: Readonly<Record<Protocol, Protocol>> = { mqtt: 'mqtts', mqtts: 'mqtts', ws: 'wss', wss: 'wss' };

/** How long a connection may take to be made. */
const CONNECT_MS = 10_000;
/** A connection that carries nothing is asked after so long, and given up after half as long again. */
const KEEPALIVE_SECONDS = 5;
/** How many messages the broker may hand out before they are confirmed: what is more it keeps, and lets expire. */
const RECEIVE_MAXIMUM = 256;

const NOT_ENCODED =
  'The url of an mqtt transport must have its user name, password and path percent-encoded: an @ in them is %40.';

/** @throws Error for what is no URL of a broker; says nothing of what may be a password */
export function readUrl(text: string): BrokerUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const protocol = url?.protocol.slice(0, -1);
  if (url === undefined || url.hostname === '' || protocol === undefined || !isProtocol(protocol)) {
    throw new Error(
      'The url of an mqtt transport is mqtt://, mqtts://, ws:// or wss://, a host, and a port if need be.',
    );
  }
  // A password with a raw / ? or # ends the host early: what is named as the host then is part of it.
  if (`${url.pathname}${url.search}${url.hash}`.includes('@')) throw new Error(NOT_ENCODED);
  const port = url.port === '' ? PORTS[protocol] : Number(url.port);
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    path: `${url.pathname === '' ? '/' : url.pathname}${url.search}`,
    username: decode(url.username),
    password: decode(url.password),
    place: `${protocol}://${url.hostname}:${port}`,
  };
}

function isProtocol(protocol: string): protocol is Protocol {
  return Object.hasOwn(PORTS, protocol);
}

function decode(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    // A cause would hold what may be a password.
    throw new Error(NOT_ENCODED);
  }
}

export interface ClientSettings {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls: TlsOptions | undefined;
}

/** What the client is told; what a setting says counts before what the URL says. */
export function toClientOptions(url: BrokerUrl, settings: ClientSettings): IClientOptions {
  const { tls, clientId } = settings;
  const username = settings.username ?? url.username;
  const password = settings.password ?? url.password;
  const protocol = tls === undefined ? url.protocol : SECURED[url.protocol];
  const isWebSocket = protocol === 'ws' || protocol === 'wss';
  return {
    protocol,
    hostname: isWebSocket && url.hostname.includes(':') ? `[${url.hostname}]` : url.hostname,
    port: url.port,
    clientId,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isWebSocket ? { path: url.path, wsOptions: { ...tls, perMessageDeflate: false } } : tls),
    protocolVersion: 5,
    clean: true,
    properties: { receiveMaximum: RECEIVE_MAXIMUM },
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_MS,
    // A client is for one connection: what it has not sent or not seen confirmed is not sent again behind the caller's back.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Passwords and payloads would be in it, and asking whether anybody wants it costs more than a message should.
    log: () => {},
  };
}
