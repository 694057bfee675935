import type { Diagnostic, Place } from '../../generator/index.js';

/** A diagnostic of an agent's folder with the places as the working folder names them. */
export function relocate<D extends Diagnostic>(diagnostic: D, prefix: string): D {
  if (prefix === '') return diagnostic;
  const move = (place: Place): Place => ({ ...place, file: prefix + place.file });
  const { place, related } = diagnostic;
  return {
    ...diagnostic,
    place: move(place),
    ...(related === undefined ? {} : { related: { ...related, place: move(related.place) } }),
  };
}

/** The texts of an agent's folder under the names that relocated places use. */
export function relocateSources(sources: ReadonlyMap<string, string>, prefix: string): ReadonlyMap<string, string> {
  return new Map([...sources].map(([file, text]) => [prefix + file, text] as const));
}
