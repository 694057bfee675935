import type { Caller, MessageIds, OutgoingCall } from './caller.js';
import { assertContractFormat, type CapabilityContract, type Contract, violationOf } from './contract.js';
import { assertTimeout, DEFAULT_TIMEOUT_MS } from './deadline.js';
import { reportHop } from './diagnostics.js';
import { AgentRpcError, isAgentRpcError } from './errors.js';
import { type InterceptedCall, type Interceptor, runIntercepted, toVerdict, type Verdict } from './interceptor.js';
import { type CallError, type Outcome, type Reading, readResponse } from './outcome.js';
import { reportResponse } from './response.js';
import { type CallEnd, createRetryPolicy, type RetryOptions } from './retry.js';

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
   * or the capability is idempotent. Off unless set. All calls of a bus together add no more than a fifth.
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
      retry: options.retry && createRetryPolicy(options.retry, capability.idempotent),
    };
  };

  const settle = (outgoing: OutgoingCall, reading: Reading): Outcome<Output, Errors> => {
    const { messageId, correlationId } = outgoing;
    if ('data' in reading) {
      reportHop('settled', bus.agent, bus.clock.now(), outgoing, SUCCEEDED, reading.payload);
      return { status: 'ok', data: reading.data as Output, messageId, correlationId };
    }
    const end = reading.error;
    const error = isAgentRpcError(end) ? end : new AgentRpcError({ ...end, messageId, correlationId });
    const { status, executed, code, message } = error;
    const verdict = { status, code, executed, reason: message };
    reportHop('settled', bus.agent, bus.clock.now(), outgoing, verdict, reading.payload);
    // Its code and details have been checked against the contract and the runtime's own, so that the type tells the truth.
    return { status, error: error as CallError<Errors>, executed, messageId, correlationId };
  };

  const checkInput = ({ payload }: OutgoingCall): Reading | undefined => {
    const report = capability.input.findViolations(payload);
    return report === null ? undefined : { error: violationOf(capability, 'input', report) };
  };

  const read = (end: CallEnd): Reading => (isAgentRpcError(end) ? { error: end } : readResponse(capability, end));

  const request = async (outgoing: OutgoingCall): Promise<Reading> =>
    checkInput(outgoing) ?? read(await bus.request(outgoing));

  const send = async (outgoing: OutgoingCall): Promise<Reading> => {
    const objection = checkInput(outgoing);
    if (objection !== undefined) return objection;
    const error = await bus.notify(outgoing);
    return error === undefined ? { data: undefined } : { error };
  };

  const run = async (outgoing: OutgoingCall): Promise<Outcome<Output, Errors>> => {
    const { interceptors } = bus;
    // Not by way of request(): a promise less for each call.
    if (interceptors === undefined) return settle(outgoing, checkInput(outgoing) ?? read(await bus.request(outgoing)));
    const intercepted = intercept({ bus, capability, interceptors, kind: 'request', outgoing, perform: request });
    return settle(outgoing, await intercepted);
  };

  const outcome: Call<Input, Output, Errors>['outcome'] = async (input, options) => run(createOutgoing(input, options));

  const call = async (input: Input, options?: CallOptions): Promise<Output> => unwrap(await outcome(input, options));

  const start: Call<Input, Output, Errors>['start'] = async (input, options) => {
    const outgoing = createOutgoing(input, options);
    const { messageId, correlationId, to } = outgoing;
    const ended = run(outgoing);
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
    const { interceptors } = bus;
    const reading =
      interceptors === undefined
        ? await send(outgoing)
        : await intercept({ bus, capability, interceptors, kind: 'event', outgoing, perform: send });
    if ('error' in reading) unwrap(settle(outgoing, reading));
    return { messageId: outgoing.messageId, correlationId: outgoing.correlationId };
  };

  return Object.assign(call, { outcome, start, notify });
}

interface Intercepted {
  readonly bus: Caller;
  readonly capability: CapabilityContract;
  readonly interceptors: readonly Interceptor[];
  readonly kind: InterceptedCall['kind'];
  readonly outgoing: OutgoingCall;
  readonly perform: (outgoing: OutgoingCall) => Promise<Reading>;
}

/** Makes a call through interceptors, of which none can keep it from ending in time. */
function intercept({ bus, capability, interceptors, kind, outgoing, perform }: Intercepted): Promise<Reading> {
  const { messageId, correlationId, to, payload, timeoutMs } = outgoing;
  const call: InterceptedCall = {
    side: 'client',
    kind,
    messageId,
    correlationId,
    from: bus.agent,
    to,
    capability: capability.name,
    tenantId: bus.tenantId,
    payload,
    headers: { ...outgoing.headers },
    deadline: bus.clock.now() + timeoutMs,
  };
  return new Promise((resolve) => {
    let hasEnded = false;
    let isSent = false;
    let due: AgentRpcError | undefined;
    let cancelLast: (() => void) | undefined;
    const end = (reading: Reading): void => {
      hasEnded = true;
      unguard();
      cancelLast?.();
      resolve(reading);
    };
    // What has been sent ends by itself, and those around it should see how.
    const unguard = bus.guard(outgoing, (error) => {
      due = error;
      if (!isSent) end({ error });
    });
    const core = async (): Promise<Verdict> => {
      if (hasEnded) throw new Error('next() was called when the call had ended.');
      isSent = true;
      const leftMs = Math.floor(call.deadline - bus.clock.now());
      const reading = await perform({ ...outgoing, headers: call.headers, timeoutMs: leftMs });
      isSent = false;
      if (due !== undefined) {
        const error = due;
        cancelLast = bus.clock.setTimer(0, () => end({ error }));
      }
      return toVerdict(reading);
    };
    void runIntercepted(interceptors, call, capability, core).then(({ reading }) => end(reading));
  });
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
