import type { AgentAddress } from './address.js';
import type { AgentRpcErrorInit, RuntimeCode } from './errors.js';
import type { Validator, ViolationReport } from './validation.js';

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
  /** When the skill answers with it. */
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
  /**
   * Whether running it twice for one message leaves things as running it once does.
   *
   * A service that has seen a message does not run it again, whatever is said here: it answers as it did before. What is
   * said here counts where nobody can know, since the one who ran it is gone. True: the broker is told that a message is
   * done with when it is answered, so one whose receiver dies is run by another, and a caller may send it again. False:
   * the broker is told before the skill starts, so a message is run once at most; one that may have run before is
   * answered EAGENTRPC_INTERRUPTED, and nobody sends it again who does not know that it has not run.
   */
  readonly idempotent: boolean;
  /** The version of the contract that brought it. */
  readonly since?: string;
  /** What to use instead, or `true`. */
  readonly deprecated?: string | true;
  readonly input: Validator<Input>;
  readonly output: Validator<Output>;
  /** Each error that the capability declares, by its code. */
  readonly errors: { readonly [Code in keyof Errors]: DeclaredErrorContract<Errors[Code]> };
  readonly examples?: readonly CapabilityExample[];
}

/** A whole capabilities.yaml as one typed value; `capabilities` is keyed by their names. */
export interface Contract {
  readonly format: ContractFormat;
  readonly agent: AgentAddress;
  readonly capabilities: { readonly [name: string]: CapabilityContract };
}

/** One capability as a tool that a language model can be given, in the shape of the Messages API. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** The JSON Schema of the input. */
  readonly input_schema: { readonly type: 'object'; readonly [keyword: string]: unknown };
}

/** Throws when the contract was generated for a format that this runtime does not run. */
export function assertContractFormat(contract: Contract): void {
  if (contract.format === CONTRACT_FORMAT) return;
  throw new Error(
    `The contract of ${contract.agent} is of format ${contract.format}, and this runtime runs ${CONTRACT_FORMAT}; ` +
      'run codegen of the same version again.',
  );
}

/** What a capability says about an error that it declares; undefined for a code that it does not. */
export function findDeclared({ errors }: CapabilityContract, code: string): DeclaredErrorContract | undefined {
  const declared = errors as { readonly [code: string]: DeclaredErrorContract };
  return Object.hasOwn(declared, code) ? declared[code] : undefined;
}

/** The error that says that a value which one side sends breaks its schema. */
export function violationOf(
  capability: CapabilityContract,
  side: 'input' | 'output',
  { violations, total }: ViolationReport,
): AgentRpcErrorInit<RuntimeCode> {
  const [first] = violations;
  const rest = total > 1 ? ` (and ${total - 1} more)` : '';
  const what = first === undefined ? 'breaks its schema' : `${first.path} ${first.message}`.trim();
  return {
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    message: `The ${side} of ${capability.name} is invalid: ${what}${rest}.`,
    executed: side === 'input' ? 'no' : 'yes',
    details: { side, violations, total },
  };
}
