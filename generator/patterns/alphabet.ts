import type { Budget } from './budget.js';

/** Gives each set of characters a mask: two sets hold a character in common where their masks have a bit in common. */
export function createAlphabet(sets: readonly string[], budget: Budget): ReadonlyMap<string, bigint> {
  const members = sets.map((text) => ({ text, holds: new RegExp(`^${text}$`, 'u') }));
  const masks = new Map<string, bigint>(sets.map((text) => [text, 0n]));
  const seen = new Set<string>();
  const samples = samplesOf(sets);
  budget.spend((samples.size * sets.length) / 8);
  for (const point of samples) {
    const character = String.fromCodePoint(point);
    const holding = members.filter(({ holds }) => holds.test(character)).map(({ text }) => text);
    const id = holding.join('\n');
    // Characters that the same sets hold are one letter of the alphabet.
    if (holding.length === 0 || seen.has(id)) continue;
    const bit = 1n << BigInt(seen.size);
    seen.add(id);
    for (const text of holding) masks.set(text, (masks.get(text) ?? 0n) | bit);
  }
  return masks;
}

const MAX_POINT = 0x10ffff;

/** Code points of every kind that the sets tell apart: those next to each that they name, and some of each script. */
function samplesOf(sets: readonly string[]): Set<number> {
  const points = new Set<number>();
  for (let point = 0; point < 0x100; point++) points.add(point);
  for (const point of [0x2028, 0x3000, 0xfeff, 0x1f600, MAX_POINT]) points.add(point);
  for (const text of sets) {
    for (const named of pointsIn(text)) {
      for (const point of [named - 1, named, named + 1]) if (point >= 0 && point <= MAX_POINT) points.add(point);
    }
  }
  if (sets.some((text) => /\\p/i.test(text))) {
    for (let point = 0x100; point < 0x3400; point += 7) points.add(point);
    for (let point = 0x3400; point < 0x20000; point += 251) points.add(point);
  }
  return points;
}

function pointsIn(text: string): number[] {
  const escapes = [...text.matchAll(/\\(?:u\{([\da-fA-F]+)\}|u([\da-fA-F]{4})|x([\da-fA-F]{2}))/g)];
  return [
    ...escapes.map(([, long, four, two]) => Number.parseInt(long ?? four ?? two ?? '', 16)),
    ...Array.from(text, (character) => character.codePointAt(0) ?? 0),
  ];
}
