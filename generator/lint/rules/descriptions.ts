import { isObject, type JsonObject } from '../../json.js';
import type { LintContract } from '../contract.js';
import { aroundInPlace, holdsInPlace } from '../in-place.js';
import { eachSchema, type LintRule, type Remark, remarkAt } from '../rule.js';

function isDescribed({ description }: JsonObject): boolean {
  return typeof description === 'string' && description.trim() !== '';
}

function* agents({ document, value }: LintContract): Iterable<Remark> {
  if (isDescribed(value)) return;
  yield { document, path: ['agent'], part: 'key', message: 'Nothing says what this agent is for.' };
}

function* capabilities(contract: LintContract): Iterable<Remark> {
  for (const { path, name, value } of contract.capabilities) {
    if (isDescribed(value)) continue;
    yield {
      document: contract.document,
      path: [...path, 'name'],
      message: `Nothing says what the capability "${name}" does.`,
    };
  }
}

function* errors({ document, capabilities }: LintContract): Iterable<Remark> {
  for (const { path, value } of capabilities) {
    const list: unknown[] = Array.isArray(value['errors']) ? value['errors'] : [];
    for (const [index, error] of list.entries()) {
      if (!isObject(error) || isDescribed(error)) continue;
      const message = `Nothing says when the error ${String(error['code'])} is answered.`;
      yield { document, path: [...path, 'errors', index, 'code'], message };
    }
  }
}

/** Rules about what people and models read. */
export const descriptionRules: readonly LintRule[] = [
  {
    id: 'agent-description',
    level: 'warning',
    meaning: 'The contract does not say what the agent is for.',
    why: 'It is what other teams, and models that choose an agent, read first.',
    fix: 'Add "description:" beside "agent:".',
    check: agents,
  },
  {
    id: 'capability-description',
    level: 'warning',
    meaning: 'A capability has no description.',
    why: 'It becomes the description of the tool, by which a model decides whether to call it.',
    fix: 'Add "description:" with what it does, for what, and what it does not do.',
    check: capabilities,
  },
  {
    id: 'property-description',
    level: 'warning',
    meaning: 'A property of an input has no description.',
    why: 'Who fills it in, a person or a model, has nothing but its name to go by.',
    fix: 'Add "description:" with what it means, its unit and what happens without it.',
    check: eachSchema(function* (node, contract) {
      const { key, keyword, use, isCondition, schema, parent } = node;
      if (use !== 'input' || keyword !== 'properties' || isCondition || parent === null) return;
      // A constant tells branches of a union apart, and says all there is to say.
      if (Object.hasOwn(schema, 'const') || holdsInPlace(node, contract, isDescribed)) return;
      const isDescribedAround = [...aroundInPlace(parent)].some(({ schema: { properties } }) => {
        const same = isObject(properties) && key !== null && Object.hasOwn(properties, key) ? properties[key] : null;
        return isObject(same) && isDescribed(same);
      });
      if (!isDescribedAround) yield remarkAt(node, [], `Nothing says what "${key}" means.`, { part: 'key' });
    }),
  },
  {
    id: 'error-description',
    level: 'warning',
    meaning: 'A declared error has no description.',
    why: 'The caller has to decide by it whether to call again, call otherwise or give up.',
    fix: 'Add "description:" with when it is answered and what the caller can do.',
    check: errors,
  },
];
