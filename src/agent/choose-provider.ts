import type { Provider } from './provider.js';

export interface ProviderChoice {
  /** `provider` of agent.yaml. */
  readonly provider: 'anthropic' | 'offline' | undefined;
  /** `model` of agent.yaml. */
  readonly model: string | undefined;
  /** The agent's own: that of the process over its .env. */
  readonly environment: { readonly [name: string]: string | undefined };
}

export const DEFAULT_MODEL = 'claude-haiku-4-5';
const CREDENTIALS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL'];

/** There is nothing to ask the model with. */
export class NoCredentialsError extends Error {
  override readonly name = 'NoCredentialsError';
}

/**
 * The provider of an agent. Where agent.yaml names none, it is Anthropic if there is something to reach it with, and
 * offline if not.
 *
 * @throws {NoCredentialsError} where Anthropic is asked for, and there is nothing to reach it with
 */
export async function chooseProvider({ provider, model, environment }: ProviderChoice): Promise<Provider> {
  // An empty variable is how a .env.example leaves one out.
  const canReach = CREDENTIALS.some((name) => Boolean(environment[name]));
  if (provider === 'offline' || (provider === undefined && !canReach)) {
    const { createOfflineProvider } = await import('./offline.js');
    return createOfflineProvider();
  }
  if (!canReach) {
    throw new NoCredentialsError(
      'agent.yaml says provider: anthropic, and ANTHROPIC_API_KEY is not set; put it into .env, or write provider: offline.',
    );
  }
  const { createAnthropicProvider } = await import('./anthropic.js');
  return createAnthropicProvider({ model: model ?? DEFAULT_MODEL, environment });
}
