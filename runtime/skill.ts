import type { AgentAddress } from './address.js';
import type { Caller } from './caller.js';
import type { CapabilityContract } from './contract.js';

/**
 * What runs when a capability is called. What it returns is the answer, unless it has answered by `ctx.respond`. What
 * it throws stays here: the caller gets EAGENTRPC_HANDLER_ERROR.
 */
export type Skill<Input, Output, Errors = unknown> = (
  input: Input,
  ctx: SkillContext<Output, Errors>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a skill that has answered by ctx.respond returns nothing
) => Output | void | Promise<Output | void>;

/** What a skill knows of the call that it runs for, and what it can do about it. */
export interface SkillContext<Output = unknown, Errors = unknown> {
  /** The id of the message, which is the same when a broker delivers it again. */
  readonly messageId: string;
  /** The id of the chain of calls that this one belongs to. */
  readonly correlationId: string;
  /** Who calls: proved where the bus asks for proof of its messages (`auth`), else what the message says. */
  readonly from: AgentAddress;
  readonly capability: string;
  /** The headers of the message, the caller's own and the runtime's `x-declaragent-…` ones; from outside, like the input. */
  readonly headers: { readonly [name: string]: string };
  /** When the answer stops being worth anything: milliseconds since the epoch, on this machine's clock. */
  readonly deadline: number;
  /** Aborted at the deadline, and when the service has to end. An answer given after that is discarded. */
  readonly signal: AbortSignal;
  /** For generated clients of other agents: their calls join this chain and take no longer than is left of its time. */
  readonly bus: Caller;
  /**
   * Answers now; the skill may go on. The first answer counts, and what the skill returns after it does not. A `data`
   * of undefined is answered as null, since JSON has no undefined.
   */
  respond(result: { readonly ok: true; readonly data: Output }): void;
  /**
   * Ends the skill with an error that capabilities.yaml declares for it, by throwing. Write `return ctx.fail(…)`, so that
   * the compiler knows that nothing after it runs, and do not catch what it throws: a skill that does has not failed.
   */
  fail<Code extends keyof Errors & string>(code: Code, message: string, ...details: DetailsOf<Errors[Code]>): never;
  /** Ends the skill with EAGENTRPC_NOT_IMPLEMENTED: what a generated skeleton does. Call it before doing anything. */
  notImplemented(): never;
}

/** The last argument of `fail`: the details, where the error has any. */
export type DetailsOf<Details> = [Details] extends [undefined] ? [] : [details: Details];

/** A capability and what runs for it, as {@link implement} puts them together. */
export interface Implementation {
  readonly capability: CapabilityContract;
  readonly skill: Skill<unknown, unknown, unknown>;
}

/** Puts a capability and its skill together; called by generated code. */
export function implement<Input, Output, Errors>(
  capability: CapabilityContract<Input, Output, Errors>,
  skill: Skill<Input, Output, Errors>,
): Implementation {
  // The service checks each input against the capability before the skill sees it.
  return { capability, skill: skill as Skill<unknown, unknown, unknown> };
}
