import type { DetailsByCode, SchemaViolationDetails } from './errors.js';
import { isRecord } from './record.js';

/** What each code may say, of a value that may be anything: as much of it as has the form that its type promises. */
const readers: { readonly [Code in keyof DetailsByCode]: (details: unknown) => DetailsByCode[Code] } = {
  EAGENTRPC_SCHEMA_VIOLATION(details) {
    const { side, violations, total } = isRecord(details) ? details : NONE;
    const known = listOf(violations, hasViolation);
    return {
      side: side === 'input' ? 'input' : 'output',
      violations: known,
      total: typeof total === 'number' && total > known.length ? total : known.length,
    };
  },
  EAGENTRPC_BUSY(details) {
    const { retryAfterMs } = isRecord(details) ? details : NONE;
    return typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? { retryAfterMs } : undefined;
  },
  EAGENTRPC_INVALID_ENVELOPE: (details) =>
    isRecord(details) ? { problems: listOf(details['problems'], hasProblem) } : undefined,
  EAGENTRPC_TOO_LARGE(details) {
    const { limit, max } = isRecord(details) ? details : NONE;
    const isLimit = limit === 'bytes' || limit === 'depth' || limit === 'keys';
    return isLimit && typeof max === 'number' ? { limit, max } : undefined;
  },
};

const NONE: Record<string, unknown> = {};

/** The details of an error with this code, as their type has them; those of other codes as they are. */
export function readDetails(code: string, details: unknown): unknown {
  return Object.hasOwn(readers, code) ? readers[code as keyof DetailsByCode](details) : details;
}

function listOf<T>(value: unknown, hasForm: (item: unknown) => item is T): readonly T[] {
  return Array.isArray(value) ? value.filter(hasForm) : [];
}

function hasProblem(item: unknown): item is { path: string; message: string } {
  return isRecord(item) && typeof item['path'] === 'string' && typeof item['message'] === 'string';
}

function hasViolation(item: unknown): item is SchemaViolationDetails['violations'][number] {
  return hasProblem(item) && 'keyword' in item && typeof item.keyword === 'string';
}
