import type { JsonObject } from '../../json.js';
import { holdsInPlace } from '../in-place.js';
import { eachSchema, type LintRule, remarkAt } from '../rule.js';
import { wordsOf } from './names.js';

/** Last words of the names of secrets. */
const SECRET_WORDS: ReadonlySet<string | undefined> = new Set([
  ...['password', 'passwd', 'pwd', 'passphrase', 'passcode', 'secret', 'token', 'credential', 'credentials'],
  ...['apikey', 'authorization', 'cvv', 'pin', 'ssn', 'iban'],
]);

/** Kinds of keys that are secret, and kinds of tokens that are not. */
const SECRET_KEYS: ReadonlySet<string | undefined> = new Set(['api', 'private', 'access', 'signing', 'encryption']);
const HARMLESS_TOKENS: ReadonlySet<string | undefined> = new Set(['page', 'next', 'continuation', 'cursor', 'sync']);

function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  const [before, last] = [words.at(-2), words.at(-1)];
  if (last === 'key') return SECRET_KEYS.has(before);
  if (last === 'token' && words.some((word) => HARMLESS_TOKENS.has(word))) return false;
  return SECRET_WORDS.has(last);
}

function mayBeText({ type }: JsonObject): boolean {
  return type === undefined || type === 'string' || (Array.isArray(type) && type.includes('string'));
}

/** Rules about what may not be seen by everyone. */
export const secretRules: readonly LintRule[] = [
  {
    id: 'missing-redact',
    level: 'warning',
    meaning: 'A property is called like a secret, and nothing says that it is one.',
    why: 'Payloads come into logs and prompts; x-redact marks what may not.',
    fix: 'Add "x-redact: true", or "x-redact: false" if it is no secret.',
    check: eachSchema(function* (node, contract) {
      const { key, keyword, schema } = node;
      if (keyword !== 'properties' || key === null || !isSecretName(key) || !mayBeText(schema)) return;
      if (Object.hasOwn(schema, 'const') || holdsInPlace(node, contract, (near) => near['x-redact'] !== undefined))
        return;
      yield remarkAt(node, [], `"${key}" is called like a secret, and is not marked as one.`, { part: 'key' });
    }),
  },
];
