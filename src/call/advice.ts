import type { CapabilityContract, Executed, RuntimeCode } from '@declaragent/runtime';
import { codeExplanations } from '@declaragent/runtime/codes';

/** How a call failed, as far as it says what to do. */
export interface FailedCall {
  readonly code: string;
  readonly executed: Executed;
}

/** What whoever made a call by hand can do about its failure, where a model is told what to do next. */
export function adviceToPerson(
  { code, executed }: FailedCall,
  { name, idempotent, errors }: CapabilityContract,
): string {
  const advice = Object.hasOwn(codeExplanations, code)
    ? codeExplanations[code as RuntimeCode].fix
    : declaredText((errors as CapabilityContract<unknown, unknown, DeclaredErrors>['errors'])[code]?.description);
  if (executed === 'no' || idempotent) return advice;
  return `${advice} Some of it may have been done, and ${name} is not idempotent: look before you call again.`;
}

type DeclaredErrors = Readonly<Record<string, unknown>>;

function declaredText(description: string | undefined): string {
  return description === undefined ? 'The contract declares this error.' : `The contract says of it: ${description}`;
}
