import { _, type CodeKeywordDefinition, type KeywordCxt } from 'ajv';

/*
 * ajv nests the code of each branch in that of the branch before, so that a hundred branches are a hundred levels of
 * blocks, on which compilers run out of stack. These two put one behind the other.
 */

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
