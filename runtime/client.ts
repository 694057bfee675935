import type { Caller, MessageIds, OutgoingCall } from './caller.js';
import { assertContractFormat, type CapabilityContract, type Contract, violationOf } from './contract.js';
import { assertTimeout, DEFAULT_TIMEOUT_MS } from './deadline.js';
import { reportHop } from './diagnostics.js';
import { AgentRpcError, isAgentRpcError } from './errors.js';
import type { InterceptedCall } from './interceptor.js';
import { type CallError, type Outcome, type Reading, readResponse } from './outcome.js';
import { reportResponse } from './response.js';
import type { Retry, RetryOptions } from './retry.js';

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
  /**
   * Makes the call again, within the same timeoutMs, where it failed in a way that may pass and where the skill has not run
   * or the capability is idempotent. Off unless set. All calls of a bus together add no more than a fifth. The bus has to be
   * made with `retries`, as connectBus makes it.
   */
  readonly retry?: RetryOptions;
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
  /**
   * Resolves at once, with the ids of the call and handles for what comes of it. The outcome is told on the channel
   * `agent.rpc.response` of `node:diagnostics_channel` as well.
   */
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

  const createRetry = (options: RetryOptions): Retry => {
    if (bus.retries !== undefined) return bus.retries(options, capability.idempotent);
    throw new Error(`The bus of ${bus.agent} has no retries; give it createRetries() of @declaragent/runtime/retry.`);
  };

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
      retry: options.retry && createRetry(options.retry),
    };
  };

  const settle = (outgoing: OutgoingCall, reading: Reading): Outcome<Output, Errors> => {
    const { messageId, correlationId } = outgoing;
    if ('data' in reading) {
      reportHop('settled', bus.agent, bus.clock, outgoing, SUCCEEDED, reading.payload);
      return { status: 'ok', data: reading.data as Output, messageId, correlationId };
    }
    const end = reading.error;
    const error = isAgentRpcError(end) ? end : new AgentRpcError({ ...end, messageId, correlationId });
    const { status, executed, code, message } = error;
    const verdict = { status, code, executed, reason: message };
    reportHop('settled', bus.agent, bus.clock, outgoing, verdict, reading.payload);
    // Its code and details have been checked against the contract and the runtime's own, so that the type tells the truth.
    return { status, error: error as CallError<Errors>, executed, messageId, correlationId };
  };

  const perform = (kind: InterceptedCall['kind'], outgoing: OutgoingCall): Promise<Reading> => {
    const report = capability.input.findViolations(outgoing.payload);
    if (report !== null) return Promise.resolve({ error: violationOf(capability, 'input', report) });
    return kind === 'event'
      ? bus.notify(outgoing).then((error) => (error === undefined ? { data: undefined } : { error }))
      : bus.request(outgoing).then((end) => (isAgentRpcError(end) ? { error: end } : readResponse(capability, end)));
  };

  const run = (kind: InterceptedCall['kind'], outgoing: OutgoingCall): Promise<Reading> =>
    bus.interceptors === undefined
      ? perform(kind, outgoing)
      : bus.interceptors.aroundCall({ bus, capability, kind, outgoing, perform: (sent) => perform(kind, sent) });

  const outcome: Call<Input, Output, Errors>['outcome'] = async (input, options) => {
    const outgoing = createOutgoing(input, options);
    return settle(outgoing, await run('request', outgoing));
  };

  // Not by way of outcome(): a promise less for each call.
  const call = async (input: Input, options?: CallOptions): Promise<Output> => {
    const outgoing = createOutgoing(input, options);
    return unwrap(settle(outgoing, await run('request', outgoing)));
  };

  const start: Call<Input, Output, Errors>['start'] = async (input, options) => {
    const outgoing = createOutgoing(input, options);
    const { messageId, correlationId, to } = outgoing;
    const ended = run('request', outgoing).then((reading) => settle(outgoing, reading));
    void ended.then((known) => {
      reportResponse({ agent: bus.agent, to, capability: capability.name, messageId, correlationId, outcome: known });
    });
    return {
      messageId,
      correlationId,
      outcome: ended,
      // Made when it is asked for: a rejection that nobody asked for would end the process.
      get result() {
        return ended.then(unwrap);
      },
    };
  };

  const notify: Call<Input, Output, Errors>['notify'] = async (input, options) => {
    const outgoing = createOutgoing(input, options);
    const reading = await run('event', outgoing);
    if ('error' in reading) unwrap(settle(outgoing, reading));
    return { messageId: outgoing.messageId, correlationId: outgoing.correlationId };
  };

  return Object.assign(call, { outcome, start, notify });
}

/** What is no signal would only be found out when the call has been sent. */
function assertSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new TypeError('The signal of a call must be an AbortSignal.');
}

const SUCCEEDED = { status: 'ok' } as const;

/** The data of an outcome. An error is thrown with the stack of who awaits it: where it was made says nothing. */
function unwrap<Output, Errors>(outcome: Outcome<Output, Errors>): Output {
  if (outcome.status === 'ok') return outcome.data;
  Error.captureStackTrace(outcome.error, unwrap);
  throw outcome.error;
}
