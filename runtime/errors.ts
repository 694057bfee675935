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
  /** A sentence: what has happened. */
  readonly meaning: string;
  /** A sentence: what to do about it. */
  readonly fix: string;
}

/** The closed table of codes: what a status, an `executed` or a page about a code is printed from. Some are reserved. */
export const errorCodes: { readonly [Code in RuntimeCode]: ErrorCodeInfo } = {
  EAGENTRPC_TIMEOUT: {
    status: 'timeout',
    executed: ['maybe'],
    fromReceiver: false,
    retry: true,
    meaning: 'No answer came within the timeout of the call.',
    fix: 'See whether the agent runs and how long the skill takes, and raise timeoutMs if the skill needs longer.',
  },
  EAGENTRPC_DEADLINE_EXCEEDED: {
    status: 'timeout',
    executed: ['no'],
    fromReceiver: true,
    retry: true,
    meaning: 'The time of the call was up before the skill could start.',
    fix: 'Look for a queue in front of the agent, add instances, or give the outermost call more time.',
  },
  EAGENTRPC_ABANDONED: {
    status: 'abandoned',
    executed: ['maybe', 'no'],
    fromReceiver: false,
    retry: false,
    meaning: 'The bus of the caller was stopped; executed is no where the call was made after that.',
    fix: 'Await the calls that matter before stop(), and make no call after it.',
  },
  EAGENTRPC_CANCELLED: {
    status: 'abandoned',
    executed: ['maybe', 'no'],
    fromReceiver: false,
    retry: false,
    meaning: "The caller's own signal was aborted; executed is no where that was before anything was sent.",
    fix: 'Nothing, if that was meant; the skill is not told and may still run to its end.',
  },
  EAGENTRPC_BUSY: {
    status: 'busy',
    executed: ['no'],
    fromReceiver: true,
    retry: true,
    meaning: 'The receiver, the broker or this bus already holds as many messages as it takes.',
    fix: 'Call again after details.retryAfterMs where it is given, make fewer calls at once, or add instances.',
  },
  EAGENTRPC_NO_PEER: {
    status: 'error',
    executed: ['no'],
    fromReceiver: false,
    retry: false,
    meaning: 'The peer table of this bus does not have the agent.',
    fix: 'Add the agent to rpc-peers.yaml, or to the peers given to createBus, or correct its address.',
  },
  EAGENTRPC_NO_TRANSPORT: {
    status: 'error',
    executed: ['no'],
    fromReceiver: false,
    retry: false,
    meaning: 'None of the transports that are named can be used here.',
    fix: 'Install the client of one of the named brokers, or name a transport that this runtime has.',
  },
  EAGENTRPC_PERMISSION_DENIED: {
    status: 'error',
    executed: ['no'],
    fromReceiver: false,
    retry: false,
    meaning: "Reserved for a later version: the caller's own permissions do not allow this call.",
    fix: 'Allow RequestAgent:<agent>/<capability> in agent.yaml, if it is meant to be allowed.',
  },
  EAGENTRPC_LOOP: {
    status: 'error',
    executed: ['no'],
    fromReceiver: true,
    retry: false,
    meaning: 'The call is nested more than 16 calls deep.',
    fix: 'Find the agents that call each other in a circle: they share one correlationId.',
  },
  EAGENTRPC_NO_RESPONDER: {
    status: 'error',
    executed: ['no'],
    fromReceiver: false,
    retry: true,
    meaning: 'Nobody is listening on the requests topic of the agent.',
    fix: 'Start the agent, and compare the transport and topics of the two sides.',
  },
  EAGENTRPC_NO_CAPABILITY: {
    status: 'error',
    executed: ['no'],
    fromReceiver: true,
    retry: false,
    meaning: 'The agent has no capability of that name.',
    fix: "Generate the client again from the agent's present capabilities.yaml, or deploy the agent that has it.",
  },
  EAGENTRPC_NOT_IMPLEMENTED: {
    status: 'error',
    executed: ['no'],
    fromReceiver: true,
    retry: false,
    meaning: 'The capability is in the contract, and its skill is still the generated skeleton.',
    fix: "Write the skill in the agent's skills folder and deploy it.",
  },
  EAGENTRPC_PUBLISH_FAILED: {
    status: 'error',
    executed: ['no', 'maybe'],
    fromReceiver: false,
    retry: true,
    meaning: 'The broker did not confirm the message; executed is no where it was never sent.',
    fix: 'See whether the broker can be reached and lets this agent write to the topic.',
  },
  EAGENTRPC_CONNECTION_LOST: {
    status: 'error',
    executed: ['maybe'],
    fromReceiver: false,
    retry: true,
    meaning: 'The connection was lost while the call had no answer, and the place where answers come with it.',
    fix: 'See why the broker or the network went away; the bus connects again by itself.',
  },
  EAGENTRPC_INVALID_ENVELOPE: {
    status: 'error',
    executed: ['no', 'maybe'],
    fromReceiver: true,
    retry: false,
    meaning: 'The message is not a v1 envelope; executed is maybe where it was the answer that is malformed.',
    fix: 'See details.problems: the sender of that message has to change.',
  },
  EAGENTRPC_TOO_LARGE: {
    status: 'error',
    executed: ['no'],
    fromReceiver: true,
    retry: false,
    meaning: 'The message has too many bytes, levels or keys.',
    fix: 'Send a reference to the data instead of the data, or set the limits higher on both sides.',
  },
  EAGENTRPC_AUTH_FAILED: {
    status: 'error',
    executed: ['no'],
    fromReceiver: true,
    retry: false,
    meaning: 'The receiver could not establish who sent the message.',
    fix: 'Compare the kind of auth, the key id and the secret of the two sides.',
  },
  EAGENTRPC_TENANT_MISMATCH: {
    status: 'error',
    executed: ['no'],
    fromReceiver: true,
    retry: false,
    meaning: 'The message names another tenant than the one that the receiver serves, or none.',
    fix: 'Give both buses the same tenantId.',
  },
  EAGENTRPC_SCHEMA_VIOLATION: {
    status: 'error',
    executed: ['no', 'yes'],
    fromReceiver: true,
    retry: false,
    meaning: 'The input or the output (details.side) breaks its schema; executed is yes where it is the output.',
    fix: 'See details.violations: correct the value, or the schema in capabilities.yaml.',
  },
  EAGENTRPC_HANDLER_ERROR: {
    status: 'error',
    executed: ['yes', 'maybe', 'no'],
    fromReceiver: true,
    retry: true,
    meaning:
      "The skill or an interceptor threw, or the result cannot be sent or is no longer kept; executed is maybe where the contract does not know the code answered, and no where the caller's own interceptor threw before anything was sent.",
    fix: "Read the agent's own log: what was thrown never leaves it. Declare the errors that callers should know.",
  },
  EAGENTRPC_INTERRUPTED: {
    status: 'error',
    executed: ['maybe'],
    fromReceiver: true,
    retry: false,
    meaning: 'The skill may have run before, or was cut off when its receiver stopped, and it was not run again.',
    fix: 'Find out whether the work was done before calling again, or make the capability idempotent.',
  },
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
  readonly code: Code;
  readonly status: FailureStatus;
  /** Whether the skill may have run. */
  readonly executed: Executed;
  /** What the code says they are: those of a declared error, `{ retryAfterMs }`, `{ violations, total, side }`, … */
  readonly details: Details;
  readonly correlationId: string | undefined;
  readonly messageId: string | undefined;

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
