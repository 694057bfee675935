import { _, type Code, type CodeKeywordDefinition, str } from 'ajv';
import { Type, useFunc } from 'ajv/dist/compile/util.js';
import ucs2length from 'ajv/dist/runtime/ucs2length.js';
import { usePattern } from 'ajv/dist/vocabularies/code.js';
import { needsShortTexts } from './patterns/slow.js';

/** Keywords whose verdict ajv gets wrong, or takes too long for. */
export const correctedKeywords = (): CodeKeywordDefinition[] => [multipleOf, contains, pattern, maxLength, minLength];

/** ajv's own, which toolchains that read CommonJS in two ways hand over in two ways. */
const codePointLength =
  (ucs2length.default as typeof ucs2length.default | undefined) ?? (ucs2length as unknown as typeof ucs2length.default);

/**
 * ajv tries a pattern on a text that is too long already. A pattern whose time grows steeply with the text is accepted for
 * the sake of the maxLength beside it, so it may not.
 */
const pattern: CodeKeywordDefinition = {
  keyword: 'pattern',
  type: 'string',
  schemaType: 'string',
  error: { message: ({ schemaCode }) => str`must match pattern "${schemaCode}"` },
  code(cxt) {
    const { gen, data, parentSchema } = cxt;
    const fails = _`!${usePattern(cxt, String(cxt.schema))}.test(${data})`;
    const most: unknown = needsShortTexts(String(cxt.schema)) ? parentSchema['maxLength'] : undefined;
    const isShort = (): Code => _`${useFunc(gen, codePointLength)}(${data}) <= ${Number(most)}`;
    cxt.fail(typeof most === 'number' ? _`${isShort()} && ${fails}` : fails);
  },
};

/** A text never has more characters than units, so that characters are counted only where the units leave a doubt. */
const maxLength: CodeKeywordDefinition = {
  keyword: 'maxLength',
  type: 'string',
  schemaType: 'number',
  error: { message: ({ schemaCode }) => str`must NOT have more than ${schemaCode} characters` },
  code(cxt) {
    const { gen, data } = cxt;
    const most = Number(cxt.schema);
    cxt.fail(_`${data}.length > ${most} && ${useFunc(gen, codePointLength)}(${data}) > ${most}`);
  },
};

/** Nor has it fewer than half as many. */
const minLength: CodeKeywordDefinition = {
  keyword: 'minLength',
  type: 'string',
  schemaType: 'number',
  error: { message: ({ schemaCode }) => str`must NOT have fewer than ${schemaCode} characters` },
  code(cxt) {
    const { gen, data } = cxt;
    const least = Number(cxt.schema);
    if (least < 2) cxt.fail(_`${data}.length < ${least}`);
    else cxt.fail(_`${data}.length < ${2 * least - 1} && ${useFunc(gen, codePointLength)}(${data}) < ${least}`);
  },
};

/**
 * In decimal digits, as numbers are written. ajv divides, and so takes 0.07 for no multiple of 0.01, nor 1e21 for one of 1.
 */
const multipleOf: CodeKeywordDefinition = {
  keyword: 'multipleOf',
  type: 'number',
  schemaType: 'number',
  error: { message: ({ schemaCode }) => str`must be multiple of ${schemaCode}` },
  code(cxt) {
    const { data, schema } = cxt;
    const [above, below] = fractionOf(Number(schema));
    // The remainder is exact, and all that counts for whole numbers and for fractions that are exact themselves.
    const isWhole = _`${data} % ${above} === 0`;
    const quotient = above === 1 ? _`${data} * ${below}` : _`${data} * ${below} / ${above}`;
    const nearest = above === 1 ? _`Math.round(${quotient})` : _`Math.round(${quotient}) * ${above}`;
    cxt.pass(below === 1 ? isWhole : _`${isWhole} || ${data} % 1 !== 0 && ${nearest} / ${below} === ${data}`);
  },
};

/** A number as a fraction of integers in lowest terms; as itself over 1 where it is exact itself, or they would not be. */
function fractionOf(value: number): [above: number, below: number] {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const places = (mantissa.split('.')[1] ?? '').length - Number(exponent);
  const above = Number(mantissa.replace('.', ''));
  if (places <= 0 || places > 22 || !Number.isSafeInteger(above)) return [value, 1];
  const below = 10 ** places;
  const divisor = greatestDivisor(above, below);
  if (Number.isInteger(Math.log2(below / divisor))) return [value, 1];
  return [above / divisor, below / divisor];
}

function greatestDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestDivisor(right, left % right);
}

/**
 * ajv keeps the verdict on the last item in a variable of the whole function, so that an empty list inside another takes
 * over what the list before it had.
 */
const contains: CodeKeywordDefinition = {
  keyword: 'contains',
  type: 'array',
  schemaType: ['object', 'boolean'],
  trackErrors: true,
  error: {
    message: ({ params: { least, most } }) =>
      most === undefined
        ? str`must contain at least ${least} valid item(s)`
        : str`must contain at least ${least} and no more than ${most} valid item(s)`,
  },
  code(cxt) {
    const { gen, data, parentSchema } = cxt;
    const least = _`${Number(parentSchema['minContains'] ?? 1)}`;
    const most = parentSchema['maxContains'] === undefined ? undefined : _`${Number(parentSchema['maxContains'])}`;
    cxt.setParams({ least, most });
    const count = gen.let('count', 0);
    gen.forRange('index', 0, _`${data}.length`, (index) => {
      const isValid = gen.name('_valid');
      cxt.subschema({ keyword: 'contains', dataProp: index, dataPropType: Type.Num, compositeRule: true }, isValid);
      gen.if(isValid, () => gen.code(_`${count}++`));
      if (most === undefined) gen.if(_`${count} >= ${least}`, () => gen.break());
    });
    const isRight = most === undefined ? _`${count} >= ${least}` : _`${count} >= ${least} && ${count} <= ${most}`;
    cxt.result(
      isRight,
      () => cxt.reset(),
      () => cxt.error(true),
    );
  },
};
