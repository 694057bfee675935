const MOST_PORT = 65_535;

/**
 * Throws unless each is `host:port`. Errors and logs quote brokers, and something else may hold a password: so it is not
 * quoted here.
 */
export function refuseAddresses(brokers: readonly string[]): void {
  const index = brokers.findIndex((broker) => !isAddress(broker));
  if (index === -1) return;
  throw new Error(
    `Kafka cannot be used: brokers[${index}] is not host:port, such as kafka-1:9092; who logs in is said by sasl.`,
  );
}

function isAddress(broker: string): boolean {
  const [, port] = /^[^\s:/@?#[\]]+:(\d{1,5})$/.exec(broker) ?? [];
  return port !== undefined && Number(port) > 0 && Number(port) <= MOST_PORT;
}
