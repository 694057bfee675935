/** The brokers that tests run against. */
export const BROKER_KINDS = ['kafka', 'nats', 'amqp', 'mqtt', 'sqs'] as const;
export type BrokerKind = (typeof BROKER_KINDS)[number];

/** A broker that this process has started, on 127.0.0.1. */
export interface Broker {
  readonly kind: BrokerKind;
  readonly port: number;
  /** Its folder, which is removed by `close`. */
  readonly folder: string;
  /** Resolves when it has ended by itself; never where it is killed or closed by these functions. */
  readonly ended: Promise<void>;
  /** Ends it without a word, as SIGKILL does. */
  kill(): Promise<void>;
  /** Starts it again, on its port and with what it has on disk; resolves when it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
}

/** What makes a broker ask who connects, and secures the connections. */
export interface BrokerSecurity {
  /** The one who may connect; unless set, anybody may. */
  readonly user?: { readonly name: string; readonly password: string };
  /** Serves TLS, with this certificate, instead of plain TCP. */
  readonly certificates?: Certificates;
}

/** PEM files that belong together, for the name `localhost` and the address 127.0.0.1. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How a broker is started. */
export interface BrokerOptions extends BrokerSecurity {
  /** Where it listens; a port that is free unless set. */
  readonly port?: number;
}

/** How to start a broker of one kind. */
export interface BrokerProgram {
  readonly kind: BrokerKind;
  /** What is missing for it on this machine; undefined where nothing is. */
  missing(): string | undefined;
  /** Starts one; resolves when it serves. */
  start(options?: BrokerOptions): Promise<Broker>;
}
