const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The time that `15m`, `2h` or `2026-01-31T12:00:00Z` means, in milliseconds since the epoch; null for another word. */
export function parseSince(word: string, now: number): number | null {
  const ago = /^(\d{1,6})([smhd])$/.exec(word);
  if (ago !== null) return now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0);
  // Other forms mean something else to each reader, or nothing.
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(word)) return null;
  const time = Date.parse(word);
  return Number.isNaN(time) ? null : time;
}
