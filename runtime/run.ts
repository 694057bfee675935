import type { Bus } from './bus.js';
import { createCause } from './cause.js';
import { createDeadline } from './deadline.js';
import { reportHop } from './diagnostics.js';
import type { Result } from './envelope.js';
import { AgentRpcError, type AgentRpcErrorInit } from './errors.js';
import type { InboundMessage } from './inbox.js';
import { findDeclared, violationOf } from './outcome.js';
import type { Implementation, SkillContext } from './skill.js';

/** One run of one skill for one message. */
export interface Run {
  /** Resolves when the skill has ended and its answer is with the broker; never rejects. */
  readonly done: Promise<void>;
  /** Aborts `ctx.signal` and answers, unless the skill has, that it was interrupted. */
  interrupt(): Promise<void>;
}

export interface RunOptions {
  readonly bus: Bus;
  readonly message: InboundMessage;
  readonly implementation: Implementation;
  /** How long it may take. */
  readonly leftMs: number;
  /** Gets what the skill throws. */
  readonly onThrown: (thrown: unknown, message: InboundMessage) => void;
}

const NO_HEADERS: { readonly [name: string]: string } = Object.freeze({});

/** Checks the input and starts the skill. */
export function startRun({ bus, message, implementation, leftMs, onThrown }: RunOptions): Run {
  const { envelope } = message;
  const { capability, skill } = implementation;
  const { agent, clock } = bus;
  /** What `ctx.fail` and `ctx.notImplemented` have thrown, and what each of them answers. */
  const failures = new Map<unknown, Result>();
  let answering: Promise<void> | undefined;
  let nested: Bus | undefined;

  const deadline = createDeadline(clock, leftMs, () => {
    const text = `The time of ${capability.name} is up.`;
    if (answering === undefined) reportHop('expired', agent, clock.now(), envelope, { reason: text });
    return new DOMException(text, 'TimeoutError');
  });

  const answer = (result: Result): void => {
    if (answering === undefined && !deadline.ended) {
      answering = bus.answer(message, result);
    } else {
      const reason = answering === undefined ? 'Its time is up.' : 'It has been answered.';
      reportHop('ignored', agent, clock.now(), envelope, { reason });
    }
  };

  const succeed = (data: unknown): void => {
    const report = answering === undefined ? capability.output.check(data) : null;
    answer(report === null ? { ok: true, data } : toResult(violationOf(capability, 'output', report)));
  };

  const throwFailure = (init: AgentRpcErrorInit, answered: AgentRpcErrorInit = init): never => {
    const { messageId, correlationId } = envelope;
    const failure = new AgentRpcError({ ...init, messageId, correlationId });
    failures.set(failure, toResult(answered));
    throw failure;
  };

  const fail = (code: string, text: string, details?: unknown): never => {
    const declared = findDeclared(capability, code);
    if (declared === undefined) throw new TypeError(`${capability.name} declares no error ${code}.`);
    const report = declared.details?.check(details) ?? null;
    const failure = { code, message: text, ...(declared.details && { details }) };
    return throwFailure(failure, report === null ? failure : violationOf(capability, 'output', report));
  };

  const context: SkillContext<unknown, Record<string, unknown>> = {
    messageId: envelope.messageId,
    correlationId: envelope.correlationId,
    from: envelope.from,
    capability: capability.name,
    headers: envelope.headers ?? NO_HEADERS,
    deadline: deadline.at,
    get signal() {
      return deadline.signal;
    },
    get bus() {
      nested ??= bus.within(createCause(envelope, deadline.at));
      return nested;
    },
    respond: ({ data }) => succeed(data),
    fail,
    notImplemented: () =>
      throwFailure({ code: 'EAGENTRPC_NOT_IMPLEMENTED', message: `${capability.name} is not implemented yet.` }),
  };

  const run = async (): Promise<void> => {
    const report = capability.input.check(envelope.payload);
    if (report !== null) return answer(toResult(violationOf(capability, 'input', report)));
    try {
      const data = await skill(envelope.payload, context);
      if (data !== undefined) succeed(data);
      else if (answering === undefined) succeed(null);
    } catch (thrown) {
      const failure = failures.get(thrown);
      if (failure === undefined) {
        reportHop('failed', agent, clock.now(), envelope, { error: thrown });
        onThrown(thrown, message);
      }
      // Nothing of what was thrown goes over: messages hold paths, addresses and worse.
      answer(
        failure ?? toResult({ code: 'EAGENTRPC_HANDLER_ERROR', message: `The skill of ${capability.name} failed.` }),
      );
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
      answering ??= bus.answer(message, toResult({ code: 'EAGENTRPC_INTERRUPTED', message: text }));
      deadline.abort(new DOMException(text, 'AbortError'));
      await answering;
    },
  };
}

/** What goes over of an error: its code, its message and its details. */
export function toResult({ code, message, details }: AgentRpcErrorInit): Result {
  return { ok: false, error: details === undefined ? { code, message } : { code, message, details } };
}
