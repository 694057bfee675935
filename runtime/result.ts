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
  if (!isRecord(payload) || Object.keys(payload).length !== 2) return undefined;
  const { ok, data, error } = payload;
  if (ok === true) return Object.hasOwn(payload, 'data') ? { ok, data } : undefined;
  if (ok !== false || !isRecord(error)) return undefined;
  const { code, message, details, ...rest } = error;
  if (typeof code !== 'string' || code === '' || typeof message !== 'string') return undefined;
  return Object.keys(rest).length === 0 ? toResult({ code, message, details }) : undefined;
}
