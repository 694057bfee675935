import { type CodeKeywordDefinition, Name } from 'ajv';
import { callRef } from 'ajv/dist/vocabularies/core/ref.js';
import { mapSubschemas } from './dialect.js';
import { isObject } from './json.js';
import { type Schema, typeNameOf } from './model.js';

/*
 * A definition that several capabilities refer to has its check in a module of its own. To ajv, a reference to it is a
 * call of a function that it knows nothing of.
 */

const KEYWORD = 'sharedCheck';

export const sharedCheckKeyword: CodeKeywordDefinition = {
  keyword: KEYWORD,
  schemaType: 'string',
  code: (cxt) => callRef(cxt, new Name(String(cxt.schema))),
};

/**
 * Replaces references to shared definitions by calls of functions named `shared0`, `shared1` and so on, the index being
 * that of the definition's type name in `calls`, which other schemas of the module may have begun.
 */
export function withSharedChecks(schema: Schema, isShared: (typeName: string) => boolean, calls: string[]): Schema {
  const replace = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const { $ref, ...rest } = mapSubschemas(value, replace);
    if ($ref === undefined) return rest;
    const typeName = typeNameOf($ref);
    if (!isShared(typeName)) return { $ref, ...rest };
    const index = calls.includes(typeName) ? calls.indexOf(typeName) : calls.push(typeName) - 1;
    return { [KEYWORD]: `shared${index}`, ...rest };
  };
  const { $defs, ...root } = schema;
  const kept = isObject($defs) ? Object.entries($defs).filter(([name]) => !isShared(name)) : [];
  const replaced = replace(root) as Schema;
  if (kept.length === 0) return replaced;
  return { ...replaced, $defs: Object.fromEntries(kept.map(([name, inner]) => [name, replace(inner)])) };
}
