import { isRecord } from './record.js';

/** The payload of a response, as it is on the wire. */
export type Result =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly error: ResultError };

/** What the payload of a response says went wrong. */
export interface ResultError {
  /** One of the runtime's codes that a receiver may answer with, or one that the contract declares. */
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

/** The result that tells of an error: of all that it holds, its code, its message and its details. */
export function toResult({ code, message, details }: ResultError): Result {
  return { ok: false, error: details === undefined ? { code, message } : { code, message, details } };
}

/** Reads the payload of a response; undefined for anything that is not exactly a result. */
export function parseResult(payload: unknown): Result | undefined {
  if (!isRecord(payload)) return undefined;
  const { ok, data, error } = payload;
  const members = Object.keys(payload).length;
  if (ok === true) return members === 2 && Object.hasOwn(payload, 'data') ? { ok, data } : undefined;
  if (ok !== false || members !== 2 || !isRecord(error)) return undefined;
  const { code, message, details } = error;
  if (typeof code !== 'string' || code === '' || typeof message !== 'string') return undefined;
  if (Object.keys(error).some((key) => key !== 'code' && key !== 'message' && key !== 'details')) return undefined;
  return { ok, error: details === undefined ? { code, message } : { code, message, details } };
}
