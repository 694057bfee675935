import { isObject } from '../../json.js';
import type { LintContract } from '../contract.js';
import { type LintRule, type Remark, remarkAt } from '../rule.js';

function* unused({ document, value, schemas, isReferredTo }: LintContract): Iterable<Remark> {
  const { definitions } = value;
  for (const name of isObject(definitions) ? Object.keys(definitions) : []) {
    const path = ['definitions', name];
    if (isReferredTo(document, path)) continue;
    yield { document, path, part: 'key', message: `Nothing refers to the definition "${name}".` };
  }
  for (const node of schemas) {
    for (const keyword of ['$defs', 'definitions']) {
      const inner = node.schema[keyword];
      for (const [name, schema] of Object.entries(isObject(inner) ? inner : {})) {
        // What has an anchor or an address of its own may be meant by it.
        const isAddressed = isObject(schema) && (schema['$anchor'] !== undefined || schema['$id'] !== undefined);
        if (isAddressed || isReferredTo(node.document, [...node.path, keyword, name])) continue;
        yield remarkAt(node, [keyword, name], `Nothing refers to the definition "${name}".`, { part: 'key' });
      }
    }
  }
}

/** Rules about shared schemas. */
export const definitionRules: readonly LintRule[] = [
  {
    id: 'unused-definition',
    level: 'warning',
    meaning: 'Nothing refers to a definition.',
    why: 'Readers look for its use, and each definition of the contract becomes a module of generated code.',
    fix: 'Refer to it, or remove it.',
    check: unused,
  },
];
