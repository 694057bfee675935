import type { SentAnswer } from './answers.js';
import type { Caller } from './caller.js';
import { type CapabilityContract, findDeclared, violationOf } from './contract.js';
import { createDeadline, type Deadline } from './deadline.js';
import { reportHop } from './diagnostics.js';
import type { AgentRpcEnvelope } from './envelope.js';
import { AgentRpcError, type AgentRpcErrorInit } from './errors.js';
import type { ServiceHost } from './host.js';
import type { InboundMessage } from './inbox.js';
import { createParentCall } from './parent.js';
import { type Result, toResult } from './result.js';
import type { Implementation, SkillContext } from './skill.js';

/** One run of one skill for one message. */
export interface Run {
  /** Resolves when the skill has ended and its answer is with the broker; never rejects. */
  readonly done: Promise<void>;
  /**
   * Aborts `ctx.signal`. Unless the skill has answered, its caller is told that it was interrupted; or its message goes
   * back to the broker, where that holds it and the skill may run again.
   */
  interrupt(): Promise<void>;
}

/**
 * How a run ended: with an answer, which is undefined where its time was up or its message was an event; or `returned`,
 * with none, so that another instance can run the message.
 */
export type RunEnd = SentAnswer | undefined | 'returned';

export interface RunOptions {
  readonly host: ServiceHost;
  readonly message: InboundMessage;
  readonly implementation: Implementation;
  /** How long it may take. */
  readonly leftMs: number;
  /** Gets what the skill throws, and what is wrong with what it answers. Never throws. */
  readonly onError: (error: unknown, message: InboundMessage) => void;
  /** What stands around the run. */
  readonly interceptors?: RunInterceptors | undefined;
  /** Called once: when the answer is with the broker, or none will come. The skill itself may go on. */
  readonly onEnd: (end: RunEnd) => void;
}

/** Runs skills within the interceptors of a service. */
export interface RunInterceptors {
  /**
   * What is answered, and what was thrown or returned that nobody can be told. `run` runs the skill and gives its answer.
   * Never rejects.
   */
  aroundRun(around: {
    readonly envelope: AgentRpcEnvelope;
    readonly capability: CapabilityContract;
    /** Those that the skill will see. */
    readonly headers: Record<string, string>;
    readonly deadline: number;
    readonly run: () => Promise<Result>;
  }): Promise<{ readonly result: Result; readonly fault?: unknown }>;
}

/** What `ctx.fail` or `ctx.notImplemented` has thrown. */
interface Failure {
  readonly answered: AgentRpcErrorInit;
  /** Whether it is not as it is declared, so that something else is answered. */
  readonly isBreach: boolean;
}

/** What is taken to have come of an answer that is still on its way to the broker when the time is up. */
const STUCK: SentAnswer = { bytes: undefined, code: undefined, replaced: undefined, error: 'stuck' };

const NO_HEADERS: { readonly [name: string]: string } = Object.freeze({});

type Context = SkillContext<unknown, Record<string, unknown>>;
/** How a skill ends. */
type Ends = Pick<Context, 'respond' | 'fail' | 'notImplemented'>;

/** What a skill is given. A class for the reason that a deadline is one. */
class RunContext implements Context {
  declare readonly messageId: string;
  declare readonly correlationId: string;
  declare readonly from: Context['from'];
  declare readonly capability: string;
  declare readonly headers: Context['headers'];
  declare readonly deadline: number;
  declare readonly respond: Ends['respond'];
  declare readonly fail: Ends['fail'];
  declare readonly notImplemented: Ends['notImplemented'];
  readonly #host: ServiceHost;
  readonly #envelope: AgentRpcEnvelope;
  readonly #deadline: Deadline;
  #bus: Caller | undefined;

  constructor(
    host: ServiceHost,
    envelope: AgentRpcEnvelope,
    headers: Context['headers'],
    deadline: Deadline,
    { respond, fail, notImplemented }: Ends,
  ) {
    this.messageId = envelope.messageId;
    this.correlationId = envelope.correlationId;
    this.from = envelope.from;
    this.capability = envelope.capability;
    this.headers = headers;
    this.deadline = deadline.at;
    this.respond = respond;
    this.fail = fail;
    this.notImplemented = notImplemented;
    this.#host = host;
    this.#envelope = envelope;
    this.#deadline = deadline;
  }

  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  get bus(): Caller {
    this.#bus ??= this.#host.createCaller(createParentCall(this.#envelope, this.deadline));
    return this.#bus;
  }
}

/** Checks the input and starts the skill. */
export function startRun({ host, message, implementation, leftMs, onError, interceptors, onEnd }: RunOptions): Run {
  const { envelope } = message;
  const { messageId, correlationId } = envelope;
  const { capability, skill } = implementation;
  const { agent, clock } = host;
  // Most skills throw none.
  let failures: Map<unknown, Failure> | undefined;
  const headers = interceptors === undefined ? (envelope.headers ?? NO_HEADERS) : { ...envelope.headers };
  let answering: Promise<void> | undefined;
  /** While the answer is on its way to the broker. */
  let onAnswered: (() => void) | undefined;
  /** Gives the answer of the skill to those who stand around it; undefined where nobody does, or they have it. */
  let offer: ((result: Result) => void) | undefined;
  let isOffered = false;

  const deadline = createDeadline(clock, leftMs, () => {
    const text = `The time of ${capability.name} is up.`;
    if (answering === undefined) reportHop('expired', agent, clock, envelope, { reason: text });
    else if (onAnswered !== undefined) {
      reportHop('unanswered', agent, clock, envelope, { reason: text });
      endAnswer(STUCK);
    }
    return new DOMException(text, 'TimeoutError');
  });

  /** Tells whoever runs the service: only they can correct the skill. */
  const reportError = (error: unknown): void => {
    reportHop('failed', agent, clock, envelope, { error });
    onError(error, message);
  };

  const endAnswer = (sent: SentAnswer | undefined): void => {
    if (onAnswered === undefined) return;
    if (sent?.replaced !== undefined) reportError(sent.replaced);
    onEnd(sent);
    onAnswered();
    onAnswered = undefined;
  };

  const send = (result: Result): Promise<void> => {
    void host.answer(message, result).then(endAnswer);
    return new Promise((resolve) => {
      onAnswered = resolve;
    });
  };

  const hasAnswered = (): boolean => answering !== undefined || isOffered;

  const answer = (result: Result): void => {
    if (offer !== undefined) {
      isOffered = true;
      offer(result);
      offer = undefined;
    } else if (!hasAnswered() && !deadline.ended) {
      answering = send(result);
    } else {
      const reason = !hasAnswered() ? 'Its time is up.' : 'It has been answered.';
      reportHop('ignored', agent, clock, envelope, { reason });
    }
  };

  const answerBreach = (breach: AgentRpcErrorInit): void => {
    reportError(new AgentRpcError({ ...breach, messageId, correlationId }));
    answer(toResult(breach));
  };

  /** Answers what the skill returns or responds. What is of no use any more is not checked. */
  const succeed = (given: unknown, missing?: string): void => {
    const data = given ?? null;
    const isOfUse = !hasAnswered() && !deadline.ended;
    const report = isOfUse ? capability.output.findViolations(data) : null;
    if (report === null) {
      answer({ ok: true, data });
    } else {
      const violation = violationOf(capability, 'output', report);
      answerBreach(missing === undefined ? violation : { ...violation, message: missing });
    }
  };

  const throwFailure = (init: AgentRpcErrorInit, breach?: AgentRpcErrorInit): never => {
    const failure = new AgentRpcError({ ...init, messageId, correlationId });
    failures ??= new Map();
    failures.set(failure, { answered: breach ?? init, isBreach: breach !== undefined });
    throw failure;
  };

  const fail = (code: string, text: string, details?: unknown): never => {
    const declared = findDeclared(capability, code);
    if (declared === undefined) throw new TypeError(`${capability.name} declares no error ${code}.`);
    const report = declared.details?.findViolations(details) ?? null;
    const failure = { code, message: text, ...(declared.details && { details }) };
    return throwFailure(failure, report === null ? undefined : violationOf(capability, 'output', report));
  };

  const answerThrown = (thrown: unknown): void => {
    const failure = failures?.get(thrown);
    if (failure === undefined) {
      reportError(thrown);
      // Nothing of what was thrown goes over: messages hold paths, addresses and worse.
      answer(toResult({ code: 'EAGENTRPC_HANDLER_ERROR', message: `The skill of ${capability.name} failed.` }));
    } else if (failure.isBreach) {
      answerBreach(failure.answered);
    } else {
      const { code, message: reason } = failure.answered;
      // An event has no answer that could say it.
      if (envelope.kind === 'event') reportHop('failed', agent, clock, envelope, { code, reason });
      answer(toResult(failure.answered));
    }
  };

  const context: Context = new RunContext(host, envelope, headers, deadline, {
    respond: ({ data }) => succeed(data),
    fail,
    notImplemented: () =>
      throwFailure({ code: 'EAGENTRPC_NOT_IMPLEMENTED', message: `${capability.name} is not implemented yet.` }),
  });

  const run = async (): Promise<void> => {
    const report = capability.input.findViolations(envelope.payload);
    if (report !== null) {
      const violation = violationOf(capability, 'input', report);
      const { code, message: reason } = violation;
      reportHop('refused', agent, clock, envelope, { code, reason });
      return answer(toResult(violation));
    }
    try {
      const data = await skill(envelope.payload, context);
      if (data !== undefined) succeed(data);
      else if (!hasAnswered()) {
        succeed(null, `The skill of ${capability.name} returned nothing.`);
      }
    } catch (thrown) {
      answerThrown(thrown);
    }
  };

  const runWithin = async (around: RunInterceptors): Promise<void> => {
    let running: Promise<void> | undefined;
    const { result, fault } = await around.aroundRun({
      envelope,
      capability,
      headers,
      deadline: deadline.at,
      run: () =>
        new Promise((resolve) => {
          // Those around it may have taken longer than there was time.
          if (deadline.ended) return resolve(toResult({ code: 'EAGENTRPC_DEADLINE_EXCEEDED', message: 'Too late.' }));
          offer = resolve;
          running = run();
        }),
    });
    if (fault !== undefined) reportError(fault);
    // From here on it is the answer that counts, whatever the skill has still to say.
    offer = undefined;
    isOffered = false;
    answer(result);
    await running;
  };

  const running = interceptors === undefined ? run() : runWithin(interceptors);

  return {
    done: running.then(() => (answering === undefined ? onEnd(undefined) : answering)).then(deadline.clear),
    async interrupt() {
      const text = `${agent} stopped while ${capability.name} ran.`;
      if (answering === undefined && capability.idempotent && message.via.transport.flags.holdsRequests) {
        const reason = `${text} It goes back to the broker.`;
        reportHop('refused', agent, clock, envelope, { code: 'EAGENTRPC_INTERRUPTED', reason });
        answering = Promise.resolve();
        onEnd('returned');
      }
      answering ??= send(toResult({ code: 'EAGENTRPC_INTERRUPTED', message: text }));
      deadline.abort(new DOMException(text, 'AbortError'));
      await answering;
    },
  };
}
