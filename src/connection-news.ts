import type { AgentAddress, Transport, TransportLoaders } from '@declaragent/runtime';

/** Who hears how the connections of an agent are, once they have been made. Neither function throws. */
export interface ConnectionNews {
  lost(place: string, reason: Error): void;
  restored(place: string): void;
}

type Factory = (config: never) => Transport;

/** Loaders of transports whose connections are told of. */
export function withNews(loaders: TransportLoaders, news: ConnectionNews): TransportLoaders {
  const watched = Object.entries(loaders).map(([kind, load]) => [kind, async () => tellOf(await load(), news)]);
  return Object.fromEntries(watched);
}

function tellOf(factory: Factory, news: ConnectionNews): Factory {
  return (config) => {
    const transport = factory(config);
    const place = placeOf({ ...(config as object), kind: transport.kind });
    return {
      ...transport,
      // What a broker takes is known only when it is connected.
      get flags() {
        return transport.flags;
      },
      connect: (owner, watcher) =>
        transport.connect(owner, {
          lost(reason) {
            watcher.lost(reason);
            news.lost(place, reason);
          },
          restored() {
            watcher.restored();
            news.restored(place);
          },
        }),
    };
  };
}

/** A broker by its kind and where it is, without what stands in an address for nobody to see. */
export function placeOf(config: Readonly<Record<string, unknown>>): string {
  const { kind, brokers, servers, url, endpoint, region } = config;
  const addresses = [brokers, servers, url, endpoint ?? region].flat().filter((one) => typeof one === 'string');
  const hosts = addresses.map((address) => address.replace(/^[a-z+]+:\/\//i, '').replace(/^.*@/, ''));
  const shown = hosts.map((host) => host.replace(/[/?#].*$/, '')).join(', ');
  return shown === '' ? String(kind) : `${kind} at ${shown}`;
}

/** The sentences for whoever runs an agent. */
export function newsOf(
  agent: AgentAddress,
  tell: (line: string) => void,
  describe: (reason: Error) => string,
): ConnectionNews {
  return {
    lost: (place, reason) =>
      tell(`${agent}: the connection to ${place} is lost, and reconnects by itself.${describe(reason)}`),
    restored: (place) => tell(`${agent}: the connection to ${place} is back.`),
  };
}
