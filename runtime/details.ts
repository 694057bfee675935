import type { DetailsByCode, SchemaViolationDetails } from './errors.js';
import { isRecord } from './record.js';

type Members = Readonly<Record<string, unknown>>;

/** What each code may say, of members that may be anything: as much of them as has the form that its type promises. */
const readers: { readonly [Code in keyof DetailsByCode]: (members: Members) => DetailsByCode[Code] } = {
  EAGENTRPC_SCHEMA_VIOLATION({ side, violations, total }) {
    const known = listOf<SchemaViolationDetails['violations'][number]>(violations, 'path', 'message', 'keyword');
    const { length } = known;
    return {
      side: side === 'input' ? side : 'output',
      violations: known,
      total: typeof total === 'number' && total > length ? total : length,
    };
  },
  EAGENTRPC_BUSY: ({ retryAfterMs }) =>
    typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? { retryAfterMs } : undefined,
  EAGENTRPC_INVALID_ENVELOPE: (members) =>
    members === NONE ? undefined : { problems: listOf(members['problems'], 'path', 'message') },
  EAGENTRPC_TOO_LARGE({ limit, max }) {
    const isLimit = limit === 'bytes' || limit === 'depth' || limit === 'keys';
    return isLimit && typeof max === 'number' ? { limit, max } : undefined;
  },
};

const NONE: Members = {};

/** The details of an error with this code, as their type has them; those of other codes as they are. */
export function readDetails(code: string, details: unknown): unknown {
  if (!Object.hasOwn(readers, code)) return details;
  return readers[code as keyof DetailsByCode](isRecord(details) ? details : NONE);
}

/** The items that have a string under each of the keys. */
function listOf<T extends Members>(value: unknown, ...keys: readonly (keyof T & string)[]): readonly T[] {
  const hasForm = (item: unknown): item is T => isRecord(item) && keys.every((key) => typeof item[key] === 'string');
  return Array.isArray(value) ? value.filter(hasForm) : [];
}
