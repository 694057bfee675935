import { isIPv6 } from 'node:net';

/** Where a server is. */
export interface Place {
  /** An IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

/** Of an address that names none. */
const DEFAULT_PORT = 4222;

/** What stands before the host may be a name and password, and what stands behind the port may hold a token. */
const ADDRESS =
  /^(?:(?!wss?:)[a-z][a-z\d+.-]*:\/\/)?(?:[^/?#]*@)?(?<host>\[[\da-f:.]+\]|[\p{L}\p{N}_.-]+)(?::(?<port>\d{1,5}))?(?:[/?#][^@]*)?$/iu;

/**
 * Reads the addresses of servers.
 *
 * @throws Error that quotes nothing of an address that is none: it may be a secret in the wrong place
 */
export function readPlaces(servers: readonly string[]): Place[] {
  return servers.map((server, index) => {
    const text = server.trim();
    const { host, port } = ADDRESS.exec(isIPv6(text) ? `[${text}]` : text)?.groups ?? {};
    if (host === undefined || Number(port ?? 0) > 65_535) {
      throw new Error(`servers[${index}] of the NATS transport is not host:port.`);
    }
    return { host, port: Number(port ?? DEFAULT_PORT) };
  });
}

/** A place as it is shown, and as the client library is told of it. */
export function showPlace({ host, port }: Place): string {
  return `${host}:${port}`;
}
