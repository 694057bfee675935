import { createBackoff } from '../../backoff.js';

/** What a client says went wrong, in its innermost words. */
export interface Failure {
  /** The name that the protocol gives it, such as `UNKNOWN_TOPIC_OR_PARTITION`; undefined for what is not of the protocol. */
  readonly type: string | undefined;
  readonly message: string;
}

/** Reads an error of the client, whatever it is wrapped in. */
export function readFailure(error: unknown): Failure {
  let inner = error;
  for (let depth = 0; depth < 8; depth++) {
    const next = innerOf(inner);
    if (next === undefined) break;
    inner = next;
  }
  const [message = ''] = String(inner instanceof Error ? inner.message : inner).split('\n');
  const isWithoutCoordinator = inner instanceof Error && inner.name === 'KafkaJSGroupCoordinatorNotFound';
  const type = isWithoutCoordinator ? 'GROUP_COORDINATOR_NOT_AVAILABLE' : typeOf(inner);
  return { type, message };
}

function innerOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const errors: unknown = Reflect.get(error, 'errors');
  if (Array.isArray(errors) && errors.length > 0) return errors[0];
  return error.cause instanceof Error ? error.cause : undefined;
}

function typeOf(error: unknown): string | undefined {
  const value: unknown = error instanceof Error ? Reflect.get(error, 'type') : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** What a cluster says that has just started, or is to use a topic that was just made. */
const NOT_YET = new Set([
  ...['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'],
  ...['GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS'],
]);

/** Tries again for a while what will do soon: not every broker hears of everything at once. */
export async function whileNew<T>(act: () => Promise<T>): Promise<T> {
  const backoff = createBackoff({ firstMs: 40, mostMs: 640 });
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      const { type } = readFailure(error);
      if (type === undefined || !NOT_YET.has(type) || attempt === 8) throw error;
      await backoff.pause();
    }
  }
}
