import type { Validator } from './validation.js';

/** The address of an agent: `agent://` and an id of 1 to 63 letters, digits and `-`, starting with a letter or digit. */
export type AgentAddress = `agent://${string}`;

/**
 * The formats of generated code that this runtime can run.
 *
 * A contract generated for another format fails to compile against this type, and `assertContractFormat` refuses it at
 * run time.
 */
export type ContractFormat = 1;

const CONTRACT_FORMAT: ContractFormat = 1;

/** An error that a capability declares it may answer with, beyond the runtime's own codes. */
export interface DeclaredErrorContract<Details = unknown> {
  readonly description?: string;
  /** Absent when the error carries no details. */
  readonly details?: Validator<Details>;
}

/** One input and, where the contract gives one, the output it leads to; checked against the schemas at codegen. */
export interface CapabilityExample {
  readonly name: string;
  readonly input: unknown;
  readonly output?: unknown;
}

/**
 * What one capability promises: the generated value that a client and a server both hold.
 *
 * `Errors` maps each declared error code to the type of its details (`undefined` where it has none).
 */
export interface CapabilityContract<Input = unknown, Output = unknown, Errors = unknown> {
  readonly name: string;
  readonly description?: string;
  /** How long a call may take unless the caller says otherwise, in milliseconds; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** Whether running it twice with one input does no harm; false says that a message must never be run twice. */
  readonly idempotent: boolean;
  /** The version of the contract that brought it. */
  readonly since?: string;
  /** What to use instead, or `true`. */
  readonly deprecated?: string | true;
  readonly input: Validator<Input>;
  readonly output: Validator<Output>;
  readonly errors: { readonly [Code in keyof Errors]: DeclaredErrorContract<Errors[Code]> };
  readonly examples?: readonly CapabilityExample[];
}

/** A whole capabilities.yaml as one typed value. */
export interface Contract {
  readonly format: ContractFormat;
  readonly agent: AgentAddress;
  readonly capabilities: { readonly [name: string]: CapabilityContract };
}

/** One capability as a tool that a language model can be given, in the shape of the Messages API. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly input_schema: { readonly [keyword: string]: unknown };
}

/** Throws when the contract was generated for a format that this runtime does not run. */
export function assertContractFormat(contract: Contract): void {
  if (contract.format === CONTRACT_FORMAT) return;
  throw new Error(
    `The contract of ${contract.agent} was generated for format ${contract.format}, and this @declaragent/runtime runs ` +
      `format ${CONTRACT_FORMAT}; install the same version of declaragent and @declaragent/runtime, and run codegen again.`,
  );
}
