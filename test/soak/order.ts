import v8 from 'node:v8';
import vm from 'node:vm';
import type { BrokerKind } from '../brokers/broker.js';

/** What a process of the soak is told when it starts. */
export interface Order {
  readonly kind: BrokerKind;
  readonly port: number;
  /** Of the transport, besides where the broker is. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where accounts lie. */
  readonly folder: string;
  readonly calls: number;
  readonly inFlight: number;
  readonly timeoutMs: number;
  readonly seed: number;
  /** The token of the errand that a receiver dies of, when it is done and before it is answered. */
  readonly diesOf?: string;
}

export function readOrder(): Order {
  return JSON.parse(process.argv[2] ?? '{}') as Order;
}

v8.setFlagsFromString('--expose-gc');
/** Has only what is still in use weighed. */
export const collectGarbage = vm.runInNewContext('gc') as () => void;
