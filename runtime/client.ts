import type { Caller, MessageIds, OutgoingCall } from './caller.js';
import { assertContractFormat, type CapabilityContract, type Contract, violationOf } from './contract.js';
import { assertTimeout, DEFAULT_TIMEOUT_MS } from './deadline.js';
import { reportHop } from './diagnostics.js';
import { AgentRpcError, type AgentRpcErrorInit, isAgentRpcError } from './errors.js';
import { type CallError, type Failure, type Outcome, readResponse } from './outcome.js';

/** What a caller may say about one call. */
export interface CallOptions {
  /** How long the call may take, 1 to 600,000 ms; the capability's own, else 30,000, unless set. */
  readonly timeoutMs?: number;
  /** Ends the call when it is aborted. The receiver is not told: its skill may run on. */
  readonly signal?: AbortSignal;
  /** The id of the chain of calls; unless set, the one that the skill runs under, else a new one. */
  readonly correlationId?: string;
  /** Goes along with the input. The names `x-declaragent-…` are the runtime's own, and it sets them. */
  readonly headers?: { readonly [name: string]: string };
}

/** A call under way. */
export interface StartedCall<Output, Errors = unknown> extends MessageIds {
  /** The output; rejects with an {@link AgentRpcError}. */
  readonly result: Promise<Output>;
  /** How it ended; never rejects. */
  readonly outcome: Promise<Outcome<Output, Errors>>;
}

/** One capability of another agent, to be called. */
export interface Call<Input, Output, Errors = unknown> {
  /** Resolves with the output; rejects with an {@link AgentRpcError}, whose `executed` says whether the skill may have run. */
  (input: Input, options?: CallOptions): Promise<Output>;
  /** Resolves with how the call ended. Rejects only for options that are wrong, such as a timeoutMs of 0. */
  outcome(input: Input, options?: CallOptions): Promise<Outcome<Output, Errors>>;
  /** Resolves at once, with the ids of the call and handles for what comes of it. */
  start(input: Input, options?: CallOptions): Promise<StartedCall<Output, Errors>>;
  /** Sends the input as an event, which is not answered; resolves when the broker has it. */
  notify(input: Input, options?: CallOptions): Promise<MessageIds>;
}

/**
 * Makes the call of one capability; called by generated code.
 *
 * @throws Error when the contract is of another format
 */
export function createCall<Input, Output, Errors>(
  bus: Caller,
  contract: Contract,
  capability: CapabilityContract<Input, Output, Errors>,
): Call<Input, Output, Errors> {
  assertContractFormat(contract);

  const createOutgoing = (input: Input, options: CallOptions = {}): OutgoingCall => {
    const timeoutMs = options.timeoutMs ?? capability.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    assertTimeout(timeoutMs);
    assertSignal(options.signal);
    const { messageId, correlationId } = bus.createIds(options.correlationId);
    return {
      messageId,
      correlationId,
      to: contract.agent,
      capability: capability.name,
      payload: input,
      timeoutMs,
      signal: options.signal,
      headers: options.headers,
    };
  };

  const conclude = (outgoing: OutgoingCall, end: AgentRpcErrorInit | AgentRpcError): Failure<Errors> => {
    const { messageId, correlationId } = outgoing;
    const error = isAgentRpcError(end) ? end : new AgentRpcError({ ...end, messageId, correlationId });
    const { status, executed, code, message } = error;
    reportHop('settled', bus.agent, bus.clock.now(), outgoing, { status, code, executed, reason: message });
    // Its code has been checked against the contract and the table of codes, so that the type tells the truth.
    return { status, error: error as CallError<Errors>, executed, messageId, correlationId };
  };

  const run = async (outgoing: OutgoingCall, input: Input): Promise<Outcome<Output, Errors>> => {
    const report = capability.input.findViolations(input);
    if (report !== null) return conclude(outgoing, violationOf(capability, 'input', report));
    const end = await bus.request(outgoing);
    if (isAgentRpcError(end)) return conclude(outgoing, end);
    const reading = readResponse(capability, end);
    if ('error' in reading) return conclude(outgoing, reading.error);
    reportHop('settled', bus.agent, bus.clock.now(), outgoing, SUCCEEDED);
    const { messageId, correlationId } = outgoing;
    return { status: 'ok', data: reading.data as Output, messageId, correlationId };
  };

  const outcome: Call<Input, Output, Errors>['outcome'] = async (input, options) =>
    run(createOutgoing(input, options), input);

  const call = async (input: Input, options?: CallOptions): Promise<Output> => unwrap(await outcome(input, options));

  const start: Call<Input, Output, Errors>['start'] = async (input, options) => {
    const outgoing = createOutgoing(input, options);
    const ended = run(outgoing, input);
    return {
      messageId: outgoing.messageId,
      correlationId: outgoing.correlationId,
      outcome: ended,
      // Made when it is asked for: a rejection that nobody asked for would end the process.
      get result() {
        return ended.then(unwrap);
      },
    };
  };

  const notify: Call<Input, Output, Errors>['notify'] = async (input, options) => {
    const outgoing = createOutgoing(input, options);
    const report = capability.input.findViolations(input);
    const end = report === null ? await bus.notify(outgoing) : violationOf(capability, 'input', report);
    if (end !== undefined) throw conclude(outgoing, end).error;
    return { messageId: outgoing.messageId, correlationId: outgoing.correlationId };
  };

  return Object.assign(call, { outcome, start, notify });
}

/** What is no signal would only be found out when the call has been sent. */
function assertSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new TypeError('The signal of a call must be an AbortSignal, such as that of an AbortController.');
}

const SUCCEEDED = { status: 'ok' } as const;

/** The data of an outcome. An error is thrown with the stack of who awaits it: where it was made says nothing. */
function unwrap<Output, Errors>(outcome: Outcome<Output, Errors>): Output {
  if (outcome.status === 'ok') return outcome.data;
  Error.captureStackTrace(outcome.error, unwrap);
  throw outcome.error;
}
