import type { AgentAddress } from '../address.js';
import { assertContractFormat, type CapabilityContract, type Contract, findDeclared } from '../contract.js';
import type { Hop } from '../diagnostics.js';
import { parseResult, type ResultError } from '../result.js';
import type { Validator } from '../validation.js';
import { createRedactor, REDACTED } from './redaction.js';

/** What a log may show of a payload. */
export interface ShownPayload {
  /** Bytes of its JSON: as it may be shown, or as it came where nothing of it may. */
  readonly size: number;
  /** The JSON, where it is no longer than the limit. */
  readonly json?: string;
  /** How the JSON starts, where it is longer. */
  readonly start?: string;
}

/** Reads the payload of a hop, while it is as it was; undefined where there is none. */
export type PayloadReader = (hop: Hop) => ShownPayload | undefined;

/**
 * Takes what is marked out of a JSON value; undefined where the value breaks its schema, since then any part of it may be
 * what the schema marks. There is none for a schema without marks.
 */
type Filter = (value: unknown) => unknown;

interface Filters {
  readonly input: Filter | undefined;
  readonly output: Filter | undefined;
  readonly details: (code: string) => Filter | undefined;
}

/**
 * Shows the payloads of the capabilities of `contracts`, without what their schemas mark, up to `limit` bytes of each;
 * of all other payloads only the size.
 *
 * @throws Error when a contract is of another format
 */
export function createPayloadReader(contracts: readonly Contract[], limit: number): PayloadReader {
  for (const contract of contracts) assertContractFormat(contract);
  const byAgent = new Map<AgentAddress, Contract>(contracts.map((contract) => [contract.agent, contract]));
  const known = new Map<CapabilityContract, Filters>();

  const filtersOf = ({ kind, from, to, capability: name }: Hop): Filters | undefined => {
    const callee = kind === 'response' ? from : to;
    const capabilities = callee === undefined ? undefined : byAgent.get(callee)?.capabilities;
    if (capabilities === undefined || name === undefined || !Object.hasOwn(capabilities, name)) return undefined;
    const capability = capabilities[name] as CapabilityContract;
    const filters = known.get(capability) ?? createFilters(capability);
    known.set(capability, filters);
    return filters;
  };

  return (hop) => {
    const { payload, event } = hop;
    const json = toJson(payload);
    if (json === undefined) return undefined;
    const filters = filtersOf(hop);
    const isResult = event === 'answered' || event === 'settled';
    const shown = filters && (isResult ? showResult(filters, payload, json) : show(filters.input, json));
    return shown === undefined ? { size: Buffer.byteLength(json) } : cut(shown, limit);
  };
}

/** Undefined for what has no JSON form, such as a function or an object that holds itself. */
function toJson(payload: unknown): string | undefined {
  try {
    return payload === undefined ? undefined : JSON.stringify(payload);
  } catch {
    return undefined;
  }
}

function createFilters(capability: CapabilityContract): Filters {
  const byCode = new Map<string, Filter | undefined>();
  return {
    input: createFilter(capability.input),
    output: createFilter(capability.output),
    details(code) {
      if (byCode.has(code)) return byCode.get(code);
      const validator = findDeclared(capability, code)?.details;
      // Details that no schema describes may be anything. They are few, so that the table of codes does not grow.
      if (validator === undefined) return () => undefined;
      byCode.set(code, createFilter(validator));
      return byCode.get(code);
    },
  };
}

function createFilter(validator: Validator<unknown>): Filter | undefined {
  const redact = createRedactor(validator.schema);
  return redact && ((value) => (validator.is(value) ? redact(value) : undefined));
}

/** JSON without what is marked; undefined where nothing of it may be shown. */
function show(filter: Filter | undefined, json: string): string | undefined {
  // It is looked at as JSON has it, of which a toJSON may have made another value than it is here.
  return filter === undefined ? json : JSON.stringify(filter(JSON.parse(json)));
}

function showResult(filters: Filters, payload: unknown, json: string): string | undefined {
  const given = parseResult(payload);
  if (given?.ok && filters.output === undefined) return json;
  const result = given && parseResult(JSON.parse(json));
  if (result === undefined) return undefined;
  if (!result.ok) return JSON.stringify({ ok: false, error: showError(filters, result.error) });
  const data = filters.output?.(result.data);
  return data === undefined ? undefined : JSON.stringify({ ok: true, data });
}

function showError({ details: filterOf }: Filters, error: ResultError): ResultError {
  if (error.details === undefined) return error;
  const filter = filterOf(error.code);
  return filter === undefined ? error : { ...error, details: filter(error.details) ?? REDACTED };
}

/** As much of some JSON as the limit lets through. */
function cut(json: string, limit: number): ShownPayload {
  const size = Buffer.byteLength(json);
  if (size <= limit) return { size, json };
  const bytes = Buffer.from(json);
  let end = limit;
  // Not within a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return { size, start: bytes.toString('utf8', 0, end) };
}
