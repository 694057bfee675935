/** The projects that `init` can begin, in the order in which somebody is asked. */
export const TEMPLATES = ['rpc-client', 'rpc-server'] as const;
export type Template = (typeof TEMPLATES)[number];

/** Who answers at the prompt, and for skills that are prompts; the first needs no key. */
export const PROVIDERS = ['offline', 'anthropic'] as const;
export type ProviderName = (typeof PROVIDERS)[number];
