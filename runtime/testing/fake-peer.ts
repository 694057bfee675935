import type { AgentAddress } from '../address.js';
import { type Bus, createBus } from '../bus.js';
import { type Clock, systemClock } from '../clock.js';
import { type CapabilityContract, type Contract, findDeclared, violationOf } from '../contract.js';
import { type AgentRpcError, isAgentRpcError } from '../errors.js';
import { serve } from '../server.js';
import { type Implementation, implement, type SkillContext } from '../skill.js';
import type { Transport } from '../transport.js';
import { deepEqual } from '../validation.js';

/**
 * What a fake peer does when a capability is called: an output, an {@link AgentRpcError} of a code that the contract
 * declares, or a function that returns either, as a skill does.
 */
export type FakeAnswer<Capability> =
  Capability extends CapabilityContract<infer Input, infer Output, infer Errors>
    ?
        | Output
        | AgentRpcError
        | ((
            input: Input,
            ctx: SkillContext<Output, Errors>,
          ) => Output | AgentRpcError | Promise<Output | AgentRpcError>)
    : never;

/** What a fake peer does, by capability. Where nothing is said, the examples of the contract are answered. */
export type FakeAnswers<C extends Contract> = {
  readonly [Name in keyof C['capabilities']]?: FakeAnswer<C['capabilities'][Name]>;
};

/** How a fake peer is made. */
export interface FakePeerOptions<C extends Contract> {
  /** Where it is reached. */
  readonly transport: Transport;
  readonly answers?: FakeAnswers<C>;
  /** The machine's unless set. */
  readonly clock?: Clock;
}

/** A call that a fake peer got. */
export interface FakeCall {
  readonly capability: string;
  readonly input: unknown;
  readonly from: AgentAddress;
  readonly messageId: string;
  readonly correlationId: string;
  readonly headers: { readonly [name: string]: string };
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** An agent that is not there, played for the tests of those who call it. */
export interface FakePeer<C extends Contract> {
  readonly bus: Bus;
  /** The calls so far whose input holds, in the order in which they came. */
  readonly calls: readonly FakeCall[];
  /** What went wrong so far in the answers: a function that threw, an output that breaks its schema. */
  readonly errors: readonly unknown[];
  /** From now on it answers like that; capabilities that are not named stay as they are. */
  answer(answers: FakeAnswers<C>): void;
  stop(): Promise<void>;
}

/**
 * Plays the agent of a contract. Inputs and answers are held against the contract, as a real agent's are.
 *
 * @throws Error for an answer that breaks the contract, unless it is a function, and for one to a capability that the
 * contract does not have
 */
export async function fakePeer<C extends Contract>(contract: C, options: FakePeerOptions<C>): Promise<FakePeer<C>> {
  const { transport, clock = systemClock } = options;
  const answers = new Map<string, unknown>();
  const calls: FakeCall[] = [];
  const errors: unknown[] = [];

  const answer = (given: FakeAnswers<C>): void => {
    for (const [name, value] of Object.entries(given)) {
      if (!Object.hasOwn(contract.capabilities, name)) throw new Error(`${contract.agent} has no capability ${name}.`);
      const capability = contract.capabilities[name];
      if (capability !== undefined) assertAnswer(capability, value);
      answers.set(name, value);
    }
  };

  const createFake = (capability: CapabilityContract): Implementation =>
    implement(capability as CapabilityContract<unknown, unknown, Record<string, unknown>>, async (input, ctx) => {
      const { from, messageId, correlationId, headers } = ctx;
      calls.push({ capability: capability.name, input, from, messageId, correlationId, headers, at: clock.now() });
      const given = answers.has(capability.name) ? answers.get(capability.name) : exampleOf(capability, input);
      const value: unknown = typeof given === 'function' ? await given(input, ctx) : given;
      if (!isAgentRpcError(value)) return value;
      assertDeclared(capability, value);
      return ctx.fail(value.code, value.message, value.details);
    });

  answer(options.answers ?? {});
  const bus = await createBus({ agent: contract.agent, transports: [transport], clock });
  await serve(bus, contract, Object.values(contract.capabilities).map(createFake), {
    onError: (error) => errors.push(error),
  });
  return { bus, calls, errors, answer, stop: () => bus.stop() };
}

/** The output of the example that has this input, else of the first that has an output. */
function exampleOf(capability: CapabilityContract, input: unknown): unknown {
  const examples = capability.examples?.filter((example) => 'output' in example) ?? [];
  const example = examples.find((candidate) => deepEqual(candidate.input, input)) ?? examples[0];
  if (example !== undefined) return example.output;
  throw new Error(`${capability.name} has no example with an output; give the fake peer an answer for it.`);
}

function assertAnswer(capability: CapabilityContract, answer: unknown): void {
  if (typeof answer === 'function') return;
  if (isAgentRpcError(answer)) {
    assertDeclared(capability, answer);
    return;
  }
  const report = capability.output.findViolations(answer);
  if (report !== null)
    throw new Error(`The fake answer breaks the contract. ${violationOf(capability, 'output', report).message}`);
}

function assertDeclared(capability: CapabilityContract, { code, details }: AgentRpcError): void {
  const declared = findDeclared(capability, code);
  if (declared === undefined)
    throw new Error(`${capability.name} declares no error ${code}; a fake peer cannot answer it.`);
  const report = declared.details?.findViolations(details) ?? null;
  if (report !== null) throw new Error(`The details of ${code} break the contract of ${capability.name}.`);
}
