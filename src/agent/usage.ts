import type { Usage } from './provider.js';

/** List prices in US dollars for a million tokens, by the start of a model's name; of others only the tokens are told. */
const PRICES: Readonly<Record<string, { readonly input: number; readonly output: number }>> = {
  'claude-haiku-4-5': { input: 1, output: 5 },
  'claude-sonnet-4-5': { input: 3, output: 15 },
  'claude-opus-4-5': { input: 5, output: 25 },
};

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0 };

/** What it costs in US dollars without any discount; undefined for a model whose price is not known here. */
export function costOf(model: string, { inputTokens, outputTokens }: Usage): number | undefined {
  const name = Object.keys(PRICES).find((start) => model === start || model.startsWith(`${start}-`));
  const price = name === undefined ? undefined : PRICES[name];
  if (price === undefined) return undefined;
  return (inputTokens * price.input + outputTokens * price.output) / 1_000_000;
}

/** `812 tokens in, 96 out, $0.0013`. */
export function usageText(model: string, usage: Usage): string {
  const cost = costOf(model, usage);
  const tokens = `${usage.inputTokens} tokens in, ${usage.outputTokens} out`;
  return cost === undefined ? tokens : `${tokens}, $${cost.toFixed(4)}`;
}
