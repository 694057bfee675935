import type { BusModel } from '../model.js';
import { comment, key, literal, type SourceFile } from '../print.js';
import { RUNTIME, RUNTIME_CONNECT } from '../symbols.js';

/** The transport kinds that the runtime has a subpath for; `connectBus` says NO_TRANSPORT of any other. */
const AVAILABLE_KINDS: ReadonlySet<string> = new Set(['memory', 'kafka', 'nats', 'amqp', 'mqtt', 'sqs']);

/** Adds the agent's place on its transports, so that no YAML is parsed in production. */
export function emitBus(bus: BusModel, file: SourceFile): void {
  const { agent, transports, peers, auth, places } = bus;
  const config = {
    ...{ agent, transports, peers },
    ...(auth === null ? {} : { auth }),
    ...(places.size > 0 ? { places: Object.fromEntries(places) } : {}),
  };
  file.render('generated/bus.ts.hbs', {
    Bus: file.type('Bus', RUNTIME),
    BusConfig: file.type('BusConfig', RUNTIME_CONNECT),
    ConnectOptions: file.type('ConnectOptions', RUNTIME_CONNECT),
    TransportLoaders: file.type('TransportLoaders', RUNTIME_CONNECT),
    connect: file.value('connect', RUNTIME_CONNECT),
    comment: comment(
      `Connects ${agent} to its transports. Variables in the configuration are read from the environment now.`,
    ),
    config: literal(config),
    transports: bus.kinds
      .filter((kind) => AVAILABLE_KINDS.has(kind))
      .map((kind) => ({ kind: key(kind), module: literal(`${RUNTIME}/${kind}`) })),
  });
}
