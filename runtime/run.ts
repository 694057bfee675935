import { findDeclared, violationOf } from './contract.js';
import { createDeadline } from './deadline.js';
import { reportHop } from './diagnostics.js';
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
  /** Aborts `ctx.signal` and answers, unless the skill has, that it was interrupted. */
  interrupt(): Promise<void>;
}

export interface RunOptions {
  readonly host: ServiceHost;
  readonly message: InboundMessage;
  readonly implementation: Implementation;
  /** How long it may take. */
  readonly leftMs: number;
  /** Gets what the skill throws, and what is wrong with what it answers. Never throws. */
  readonly onError: (error: unknown, message: InboundMessage) => void;
}

/** What `ctx.fail` or `ctx.notImplemented` has thrown. */
interface Failure {
  readonly answered: AgentRpcErrorInit;
  /** Whether it is not as it is declared, so that something else is answered. */
  readonly isBreach: boolean;
}

const NO_HEADERS: { readonly [name: string]: string } = Object.freeze({});

/** Checks the input and starts the skill. */
export function startRun({ host, message, implementation, leftMs, onError }: RunOptions): Run {
  const { envelope } = message;
  const { messageId, correlationId } = envelope;
  const { capability, skill } = implementation;
  const { agent, clock } = host;
  const failures = new Map<unknown, Failure>();
  let answering: Promise<void> | undefined;

  const deadline = createDeadline(clock, leftMs, () => {
    const text = `The time of ${capability.name} is up.`;
    if (answering === undefined) reportHop('expired', agent, clock.now(), envelope, { reason: text });
    return new DOMException(text, 'TimeoutError');
  });

  /** Tells whoever runs the service: only they can correct the skill. */
  const reportError = (error: unknown): void => {
    reportHop('failed', agent, clock.now(), envelope, { error });
    onError(error, message);
  };

  const send = async (result: Result): Promise<void> => {
    const replaced = await host.answer(message, result);
    if (replaced !== undefined) reportError(replaced);
  };

  const answer = (result: Result): void => {
    if (answering === undefined && !deadline.ended) {
      answering = send(result);
    } else {
      const reason = answering === undefined ? 'Its time is up.' : 'It has been answered.';
      reportHop('ignored', agent, clock.now(), envelope, { reason });
    }
  };

  const answerBreach = (breach: AgentRpcErrorInit): void => {
    reportError(new AgentRpcError({ ...breach, messageId, correlationId }));
    answer(toResult(breach));
  };

  /** Answers what the skill returns or responds. What is of no use any more is not checked. */
  const succeed = (given: unknown, missing?: string): void => {
    const data = given === undefined ? null : given;
    const isOfUse = answering === undefined && !deadline.ended;
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
    const failure = failures.get(thrown);
    if (failure === undefined) {
      reportError(thrown);
      // Nothing of what was thrown goes over: messages hold paths, addresses and worse.
      answer(toResult({ code: 'EAGENTRPC_HANDLER_ERROR', message: `The skill of ${capability.name} failed.` }));
    } else if (failure.isBreach) {
      answerBreach(failure.answered);
    } else {
      const { code, message: reason } = failure.answered;
      // An event has no answer that could say it.
      if (envelope.kind === 'event') reportHop('failed', agent, clock.now(), envelope, { code, reason });
      answer(toResult(failure.answered));
    }
  };

  let caller: SkillContext['bus'] | undefined;
  const context: SkillContext<unknown, Record<string, unknown>> = {
    messageId,
    correlationId,
    from: envelope.from,
    capability: capability.name,
    headers: envelope.headers ?? NO_HEADERS,
    deadline: deadline.at,
    get signal() {
      return deadline.signal;
    },
    get bus() {
      caller ??= host.createCaller(createParentCall(envelope, deadline.at));
      return caller;
    },
    respond: ({ data }) => succeed(data),
    fail,
    notImplemented: () =>
      throwFailure({ code: 'EAGENTRPC_NOT_IMPLEMENTED', message: `${capability.name} is not implemented yet.` }),
  };

  const run = async (): Promise<void> => {
    const report = capability.input.findViolations(envelope.payload);
    if (report !== null) {
      const violation = violationOf(capability, 'input', report);
      const { code, message: reason } = violation;
      reportHop('refused', agent, clock.now(), envelope, { code, reason });
      return answer(toResult(violation));
    }
    try {
      const data = await skill(envelope.payload, context);
      if (data !== undefined) succeed(data);
      else if (answering === undefined) {
        succeed(null, `The skill of ${capability.name} returned nothing and did not call ctx.respond().`);
      }
    } catch (thrown) {
      answerThrown(thrown);
    }
  };

  const finish = async (): Promise<void> => {
    await run();
    await answering;
    deadline.clear();
  };

  return {
    done: finish(),
    async interrupt() {
      const text = `${agent} stopped while ${capability.name} ran.`;
      answering ??= send(toResult({ code: 'EAGENTRPC_INTERRUPTED', message: text }));
      deadline.abort(new DOMException(text, 'AbortError'));
      await answering;
    },
  };
}
