/** The projects that `init` can begin, in the order in which somebody is asked. */
export const TEMPLATES = ['rpc-client', 'rpc-server'] as const;
export type Template = (typeof TEMPLATES)[number];

/** Who answers at the prompt, and for skills that are prompts; the first needs no key. */
export const PROVIDERS = ['offline', 'anthropic'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** What somebody is told who has to choose. */
export const CHOICE_TEXTS: Readonly<Record<Template | ProviderName, string>> = {
  'rpc-client': 'a concierge that asks another agent',
  'rpc-server': 'a pr-reviewer that is asked',
  offline: 'nobody: no model is asked, and no key is needed',
  anthropic: 'claude-haiku-4-5, with an ANTHROPIC_API_KEY',
};
