/** How a call that did not succeed ended. */
export type FailureStatus = 'error' | 'timeout' | 'busy' | 'abandoned';

/** Whether the skill may have run: the question to ask before trying again. */
export type Executed = 'no' | 'maybe' | 'yes';

/** Every code of the runtime itself. A contract adds the errors that its capabilities declare, and nothing else does. */
export type RuntimeCode =
  | 'EAGENTRPC_TIMEOUT'
  | 'EAGENTRPC_DEADLINE_EXCEEDED'
  | 'EAGENTRPC_ABANDONED'
  | 'EAGENTRPC_CANCELLED'
  | 'EAGENTRPC_BUSY'
  | 'EAGENTRPC_NO_PEER'
  | 'EAGENTRPC_NO_TRANSPORT'
  | 'EAGENTRPC_PERMISSION_DENIED'
  | 'EAGENTRPC_LOOP'
  | 'EAGENTRPC_NO_RESPONDER'
  | 'EAGENTRPC_NO_CAPABILITY'
  | 'EAGENTRPC_NOT_IMPLEMENTED'
  | 'EAGENTRPC_PUBLISH_FAILED'
  | 'EAGENTRPC_CONNECTION_LOST'
  | 'EAGENTRPC_INVALID_ENVELOPE'
  | 'EAGENTRPC_TOO_LARGE'
  | 'EAGENTRPC_AUTH_FAILED'
  | 'EAGENTRPC_TENANT_MISMATCH'
  | 'EAGENTRPC_SCHEMA_VIOLATION'
  | 'EAGENTRPC_HANDLER_ERROR'
  | 'EAGENTRPC_INTERRUPTED';

/** What one code says. */
export interface ErrorCodeInfo {
  /** How a call ends that ends with it. */
  readonly status: FailureStatus;
  /** What can be true of the skill. The first holds unless the one who throws says otherwise. */
  readonly executed: readonly [Executed, ...Executed[]];
  /** Whether a receiver may answer with it. All others are verdicts that the caller's own side gives. */
  readonly fromReceiver: boolean;
  /** Whether the same call can succeed later without anybody changing anything. */
  readonly retry: boolean;
}

/** The closed table of codes: what a status or an `executed` is taken from. Its words are in `codes.ts`. Some codes are reserved. */
export const errorCodes: { readonly [Code in RuntimeCode]: ErrorCodeInfo } = {
  EAGENTRPC_TIMEOUT: { status: 'timeout', executed: ['maybe'], fromReceiver: false, retry: true },
  EAGENTRPC_DEADLINE_EXCEEDED: { status: 'timeout', executed: ['no'], fromReceiver: true, retry: true },
  EAGENTRPC_ABANDONED: { status: 'abandoned', executed: ['maybe', 'no'], fromReceiver: false, retry: false },
  EAGENTRPC_CANCELLED: { status: 'abandoned', executed: ['maybe', 'no'], fromReceiver: false, retry: false },
  EAGENTRPC_BUSY: { status: 'busy', executed: ['no'], fromReceiver: true, retry: true },
  EAGENTRPC_NO_PEER: { status: 'error', executed: ['no'], fromReceiver: false, retry: false },
  EAGENTRPC_NO_TRANSPORT: { status: 'error', executed: ['no'], fromReceiver: false, retry: false },
  EAGENTRPC_PERMISSION_DENIED: { status: 'error', executed: ['no'], fromReceiver: false, retry: false },
  EAGENTRPC_LOOP: { status: 'error', executed: ['no'], fromReceiver: true, retry: false },
  EAGENTRPC_NO_RESPONDER: { status: 'error', executed: ['no'], fromReceiver: false, retry: true },
  EAGENTRPC_NO_CAPABILITY: { status: 'error', executed: ['no'], fromReceiver: true, retry: false },
  EAGENTRPC_NOT_IMPLEMENTED: { status: 'error', executed: ['no'], fromReceiver: true, retry: false },
  EAGENTRPC_PUBLISH_FAILED: { status: 'error', executed: ['no', 'maybe'], fromReceiver: false, retry: true },
  EAGENTRPC_CONNECTION_LOST: { status: 'error', executed: ['maybe'], fromReceiver: false, retry: true },
  EAGENTRPC_INVALID_ENVELOPE: { status: 'error', executed: ['no', 'maybe'], fromReceiver: true, retry: false },
  EAGENTRPC_TOO_LARGE: { status: 'error', executed: ['no'], fromReceiver: true, retry: false },
  EAGENTRPC_AUTH_FAILED: { status: 'error', executed: ['no'], fromReceiver: true, retry: false },
  EAGENTRPC_TENANT_MISMATCH: { status: 'error', executed: ['no'], fromReceiver: true, retry: false },
  EAGENTRPC_SCHEMA_VIOLATION: { status: 'error', executed: ['no', 'yes'], fromReceiver: true, retry: false },
  EAGENTRPC_HANDLER_ERROR: { status: 'error', executed: ['yes', 'maybe', 'no'], fromReceiver: true, retry: true },
  EAGENTRPC_INTERRUPTED: { status: 'error', executed: ['maybe'], fromReceiver: true, retry: false },
};

/** How a value breaks its schema. */
export interface SchemaViolationDetails {
  /** Whose value it is: the caller's input or the skill's output. */
  readonly side: 'input' | 'output';
  /** The first 100. */
  readonly violations: readonly { readonly path: string; readonly keyword: string; readonly message: string }[];
  /** How many there are. */
  readonly total: number;
}

/**
 * What the `details` of an error are, by its code. Those that came from outside have been checked, so that what is here
 * is true of the error of any outcome.
 */
export interface DetailsByCode {
  readonly EAGENTRPC_SCHEMA_VIOLATION: SchemaViolationDetails;
  /** How long to wait before calling again, where the receiver says. */
  readonly EAGENTRPC_BUSY: { readonly retryAfterMs: number } | undefined;
  /** Where it is no envelope: JSON Pointers, and what is wrong there. */
  readonly EAGENTRPC_INVALID_ENVELOPE:
    | { readonly problems: readonly { readonly path: string; readonly message: string }[] }
    | undefined;
  /** Which limit, and how much it allows. */
  readonly EAGENTRPC_TOO_LARGE: { readonly limit: 'bytes' | 'depth' | 'keys'; readonly max: number } | undefined;
}

/** What the `details` of an error with one of the runtime's codes are. */
export type RuntimeErrorDetails<Code extends RuntimeCode> = Code extends keyof DetailsByCode
  ? DetailsByCode[Code]
  : unknown;

/** An error with one of the runtime's codes; comparing `code` tells what its `details` are. */
export type RuntimeError = { [Code in RuntimeCode]: AgentRpcError<Code, RuntimeErrorDetails<Code>> }[RuntimeCode];

/** Whether `code` is one of the runtime's own. */
export function isRuntimeCode(code: string): code is RuntimeCode {
  return Object.hasOwn(errorCodes, code);
}

/** What an {@link AgentRpcError} is made from. */
export interface AgentRpcErrorInit<Code extends string = string, Details = unknown> {
  readonly code: Code;
  /** A sentence. It goes over to the caller. */
  readonly message: string;
  /** The first of the code's row unless given; `yes` for a declared error. */
  readonly executed?: Executed;
  readonly details?: Details;
  readonly correlationId?: string;
  readonly messageId?: string;
  /** What led to it. Stays in this process: nothing of it is ever sent. */
  readonly cause?: unknown;
}

/**
 * Why a call did not succeed.
 *
 * `code` is one of {@link errorCodes} or one that the contract declares; comparing it narrows `details`.
 */
export class AgentRpcError<Code extends string = string, Details = unknown> extends Error {
  override readonly name: 'AgentRpcError' = 'AgentRpcError';
  // Declared and no more: the constructor sets each of them once.
  declare readonly code: Code;
  declare readonly status: FailureStatus;
  /** Whether the skill may have run. */
  declare readonly executed: Executed;
  /** What the code says they are: those of a declared error, `{ retryAfterMs }`, `{ violations, total, side }`, … */
  declare readonly details: Details;
  declare readonly correlationId: string | undefined;
  declare readonly messageId: string | undefined;

  constructor(init: AgentRpcErrorInit<Code, Details>) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    const row = isRuntimeCode(init.code) ? errorCodes[init.code] : undefined;
    this.code = init.code;
    this.status = row?.status ?? 'error';
    this.executed = init.executed ?? row?.executed[0] ?? 'yes';
    this.details = init.details as Details;
    this.correlationId = init.correlationId;
    this.messageId = init.messageId;
  }
}

/** Whether `value` is an {@link AgentRpcError}, of this copy of the runtime or of another one in the process. */
export function isAgentRpcError(value: unknown): value is AgentRpcError {
  return value instanceof Error && value.name === 'AgentRpcError';
}
