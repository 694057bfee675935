import { DEFAULT_MAX_ITERATIONS, DEFAULT_MAX_TOKENS, type Limits } from './budget.js';
import { toGrants } from './call-tools.js';
import type { LoopObserver } from './loop.js';
import type { CallObserver } from './make-call.js';
import type { PeerCapability } from './peer.js';
import { createPermissions, type Permissions } from './permissions.js';
import type { Provider } from './provider.js';

/** What an agent's model works with, whatever it is asked. */
export interface ModelSetup {
  readonly agent: string;
  readonly provider: Provider;
  readonly systemPrompt?: string | undefined;
  /** `tools.defaults` of agent.yaml: for the prompt, and for a skill that names none. */
  readonly defaultTools: readonly string[];
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
  readonly maxTokens?: number | undefined;
  readonly maxIterations?: number | undefined;
  readonly peers: readonly PeerCapability[];
}

/** What is told of a model at work. */
export type ModelObserver = LoopObserver & CallObserver;

/** What one request may use, until `deadline`. */
export function limitsOf({ maxIterations, maxTokens }: ModelSetup, deadline: number): Limits {
  return {
    maxIterations: maxIterations ?? DEFAULT_MAX_ITERATIONS,
    maxTokens: maxTokens ?? DEFAULT_MAX_TOKENS,
    deadline,
  };
}

/** What a model may do that is granted these tools. */
export function permissionsOf({ allow, deny, peers }: ModelSetup, tools: readonly string[]): Permissions {
  return createPermissions({ grants: toGrants(tools, peers), allow, deny });
}
