import { _, type AnySchema, type CodeKeywordDefinition, type KeywordCxt } from 'ajv';
import { getProperty } from 'ajv/dist/compile/codegen/index.js';
import { isObject, type JsonObject } from './json.js';

/*
 * ajv nests the code of each branch in that of the branch before, so that a hundred branches are a hundred levels of
 * blocks, on which compilers run out of stack. These two put one behind the other. And where the branches of a oneOf are
 * told apart by a constant, only the branch that was meant is looked at, and reported on.
 */

/** What stands beside a oneOf whose branches are told apart by the value of one property, which is checked elsewhere. */
export interface Tag {
  /** The property. Every branch requires it. */
  readonly name: string;
  /** Its constant in each branch, no two alike. */
  readonly values: readonly (string | number | boolean)[];
}

/** The key of a {@link Tag}; no keyword of anybody else's. */
export const TAG = 'declaragent:tag';

const anyOf: CodeKeywordDefinition = {
  keyword: 'anyOf',
  schemaType: 'array',
  trackErrors: true,
  error: { message: 'must match a schema in anyOf' },
  code(cxt) {
    const { gen } = cxt;
    const isMatch = gen.let('match', false);
    forEachBranch(cxt, 'anyOf', (isValid) => gen.if(isValid, () => gen.assign(isMatch, true)));
    cxt.result(
      isMatch,
      () => cxt.reset(),
      () => cxt.error(true),
    );
  },
};

const oneOf: CodeKeywordDefinition = {
  keyword: 'oneOf',
  schemaType: 'array',
  trackErrors: true,
  error: { message: 'must match exactly one schema in oneOf' },
  code(cxt) {
    const { gen } = cxt;
    const tag = (cxt.parentSchema as JsonObject)[TAG] as Tag | undefined;
    if (tag !== undefined) return checkTagged(cxt, tag);
    const matches = gen.let('matches', 0);
    forEachBranch(cxt, 'oneOf', (isValid) => gen.if(isValid, () => gen.code(_`${matches}++`)));
    cxt.result(
      _`${matches} === 1`,
      () => cxt.reset(),
      () => cxt.error(true),
    );
  },
};

export const unionKeywords = (): CodeKeywordDefinition[] => [anyOf, oneOf];

function forEachBranch(
  cxt: KeywordCxt,
  keyword: string,
  use: (isValid: ReturnType<typeof cxt.gen.name>) => void,
): void {
  for (const index of (cxt.schema as unknown[]).keys()) {
    const isValid = cxt.gen.name('_valid');
    cxt.subschema({ keyword, schemaProp: index, compositeRule: true }, isValid);
    use(isValid);
  }
}

/** Checks the branch that the value of the tag names, without what is certain by then. */
function checkTagged(cxt: KeywordCxt, { name, values }: Tag): void {
  const { gen, data, it } = cxt;
  const value = gen.const('tag', _`${data} && ${data}${getProperty(name)}`);
  for (const [index, branch] of (cxt.schema as unknown[]).entries()) {
    const place = { topSchemaRef: it.topSchemaRef, errSchemaPath: `${it.errSchemaPath}/oneOf/${index}` };
    const schema = withoutTag(branch, name) as AnySchema;
    const isMeant = _`${value} === ${values[index]}`;
    if (index === 0) gen.if(isMeant);
    else gen.elseIf(isMeant);
    cxt.subschema({ schema, schemaPath: _`${it.schemaPath}.oneOf[${index}]`, ...place }, gen.name('valid'));
  }
  gen.endIf();
}

/** A branch for an object that has the tag. The property keeps its name, for additionalProperties to know it. */
function withoutTag(branch: unknown, name: string): unknown {
  if (!isObject(branch) || !isObject(branch['properties']) || !Array.isArray(branch['required'])) return branch;
  const { type: _type, required, properties, ...rest } = branch;
  const others = (required as unknown[]).filter((property) => property !== name);
  return {
    ...rest,
    ...(others.length > 0 && { required: others }),
    properties: { ...(properties as JsonObject), [name]: true },
  };
}
