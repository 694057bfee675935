import { comparePatterns } from '../patterns/inclusion.js';
import { canonical } from './canonical.js';
import { boundOf, type Kind, kindsOf, kindsOfType, least, most } from './facts.js';
import { formats } from './formats.js';
import { gapAt, type Obligation } from './gap.js';
import { type Conjunction, keyword, type SchemaNode } from './schema-node.js';

/** What keywords ask of the type of a value, of numbers and of strings. */
export const SCALAR_OBLIGATIONS: readonly Obligation[] = [
  {
    keyword: 'type',
    check(_, wide, narrow, trail) {
      const legal = new Set([keyword(narrow, 'type')].flat().flatMap(kindsOfType));
      return isWithin(kindsOf(wide), legal) ? [] : gapAt('type', 'type', wide, narrow, trail);
    },
  },
  ...['const', 'enum'].map(
    (name): Obligation => ({
      keyword: name,
      // Values that are listed have been held against the whole schema before; those that are left have no list.
      check: (_, wide, narrow, trail) => gapAt('value', name, wide, narrow, trail),
    }),
  ),
  ...(['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'] as const).map(
    (name): Obligation => ({
      keyword: name,
      check: (_, wide, narrow, trail) =>
        isNumberWithin(wide, narrow, name) ? [] : gapAt('bound', name, wide, narrow, trail),
    }),
  ),
  {
    keyword: 'multipleOf',
    check(_, wide, narrow, trail) {
      const kinds = kindsOf(wide);
      if (!kinds.has('integer') && !kinds.has('fraction')) return [];
      const divisors = wide.nodes.map((node) => keyword(node, 'multipleOf')).filter((it) => typeof it === 'number');
      if (!kinds.has('fraction')) divisors.push(1);
      const wanted = Number(keyword(narrow, 'multipleOf'));
      return divisors.some((divisor) => isMultiple(divisor, wanted))
        ? []
        : gapAt('bound', 'multipleOf', wide, narrow, trail);
    },
  },
  {
    keyword: 'minLength',
    check: (_, wide, narrow, trail) =>
      !kindsOf(wide).has('string') || least(wide, 'minLength') >= Number(keyword(narrow, 'minLength'))
        ? []
        : gapAt('bound', 'minLength', wide, narrow, trail),
  },
  {
    keyword: 'maxLength',
    check: (_, wide, narrow, trail) =>
      !kindsOf(wide).has('string') || most(wide, 'maxLength') <= Number(keyword(narrow, 'maxLength'))
        ? []
        : gapAt('bound', 'maxLength', wide, narrow, trail),
  },
  {
    keyword: 'pattern',
    check: (_, wide, narrow, trail) =>
      !kindsOf(wide).has('string') || has(wide, narrow, 'pattern') || isMatched(wide, narrow)
        ? []
        : gapAt('pattern', 'pattern', wide, narrow, trail),
  },
  {
    keyword: 'format',
    check(_, wide, narrow, trail) {
      const asserted = kindsOfFormat(keyword(narrow, 'format'));
      const isVacuous = !asserted.some((kind) => kindsOf(wide).has(kind));
      return isVacuous || has(wide, narrow, 'format') ? [] : gapAt('pattern', 'format', wide, narrow, trail);
    },
  },
];

/** Whether all texts that some pattern matches, or all texts there are, are matched by the narrower schema's. */
function isMatched({ nodes }: Conjunction, narrow: SchemaNode): boolean {
  const patterns = ['', ...nodes.map((node) => keyword(node, 'pattern')).filter((text) => typeof text === 'string')];
  const wanted = keyword(narrow, 'pattern');
  return (
    typeof wanted === 'string' && patterns.some((pattern) => comparePatterns(pattern, wanted)?.isIncluded === true)
  );
}

function isWithin(kinds: ReadonlySet<Kind>, legal: ReadonlySet<Kind>): boolean {
  return [...kinds].every((kind) => legal.has(kind));
}

/** Whether one of the schemas has the very keyword. */
export function has(wide: Conjunction, narrow: SchemaNode, name: string): boolean {
  const wanted = canonical(keyword(narrow, name));
  return wide.nodes.some((node) => keyword(node, name) !== undefined && canonical(keyword(node, name)) === wanted);
}

function isNumberWithin(
  wide: Conjunction,
  narrow: SchemaNode,
  name: 'minimum' | 'exclusiveMinimum' | 'maximum' | 'exclusiveMaximum',
): boolean {
  const kinds = kindsOf(wide);
  if (!kinds.has('integer') && !kinds.has('fraction')) return true;
  const wanted = Number(keyword(narrow, name));
  const isLower = name === 'minimum' || name === 'exclusiveMinimum';
  const { limit, isExclusive } = boundOf(wide, isLower ? 'least' : 'most');
  if (limit === wanted) return isExclusive || name === 'minimum' || name === 'maximum';
  return isLower ? limit > wanted : limit < wanted;
}

/** The kinds of values that a format may refuse; none for a name that is an annotation. */
function kindsOfFormat(name: unknown): readonly Kind[] {
  const format = formats.get(String(name));
  if (format === undefined) return [];
  return format === 'number' ? ['integer', 'fraction'] : ['string'];
}

/** Whether every multiple of `value` is one of `divisor`: exactly, on the decimal digits in which both are written. */
function isMultiple(value: number, divisor: number): boolean {
  if (value === divisor) return true;
  const [left, leftScale] = decimal(value);
  const [right, rightScale] = decimal(divisor);
  // Of fractions, validators round; what holds for the digits need not hold for them.
  if (!Number.isInteger(value) && !(isBinary(value) && isBinary(divisor))) return false;
  const scale = Math.max(leftScale, rightScale);
  const [above, below] = [left * 10n ** BigInt(scale - leftScale), right * 10n ** BigInt(scale - rightScale)];
  return below !== 0n && above % below === 0n;
}

/** Whether a number is a sum of a few powers of two, with which doubles calculate exactly. */
function isBinary(value: number): boolean {
  return Number.isInteger(value * 1024);
}

function decimal(value: number): [digits: bigint, scale: number] {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale >= 0 ? [digits, scale] : [digits * 10n ** BigInt(-scale), 0];
}
