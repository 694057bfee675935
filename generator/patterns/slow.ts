import type { SourceDocument } from '../document.js';
import type { Path } from '../json.js';
import type { Problem } from '../problem.js';
import { type Suppression, suppressionOf, suppressionsIn } from '../suppressions.js';
import { type Budget, createBudget } from './budget.js';
import { costOfPattern, type Steps } from './cost.js';

/** A quarter of a second to a second, for an engine that takes a step in one to four nanoseconds. */
const MOST_STEPS = 2 ** 28;

/**
 * The text that a pattern is judged by. The square of it is as many steps as are allowed, so a pattern whose time grows
 * with the square of the text is, and one whose time grows faster needs a maxLength.
 */
const REFERENCE_LENGTH = 2 ** 14;

/**
 * Why a pattern would let a short text keep a process busy, or null. `part` says whether it is a value, beside which
 * `maxLength` stands, or a key of patternProperties.
 */
export function slowPatternProblem(
  document: SourceDocument,
  path: Path,
  pattern: string,
  part: 'key' | 'value',
  maxLength: unknown,
): Problem | null {
  const steps = stepsOf(pattern, document);
  const length = part === 'value' && typeof maxLength === 'number' ? maxLength : REFERENCE_LENGTH;
  if (steps(Math.min(length, REFERENCE_LENGTH)) <= MOST_STEPS) return null;
  const place = document.place(path, part);
  if (suppressionOf('exponential-pattern', place, suppressionsOf(document)) !== undefined) return null;
  const harmless = longestHarmless(steps);
  return { code: 'exponential-pattern', place, message: messageFor(steps, harmless), fix: fixFor(harmless, part) };
}

/** Whether a pattern is accepted only because the texts that it is tried on are short. */
export function needsShortTexts(pattern: string): boolean {
  return costOfPattern(pattern)(REFERENCE_LENGTH) > MOST_STEPS;
}

function messageFor(steps: Steps, harmless: number): string {
  if (harmless === 0) return 'This pattern has too many ways to match for its time to be told.';
  const power = Math.log2(steps(2 * REFERENCE_LENGTH) / steps(REFERENCE_LENGTH));
  const growth =
    power < 20 ? `grows with the length to the power of ${Math.round(power)}` : 'grows exponentially with the length';
  return `A text of ${harmless + 1} characters can keep this pattern busy for a second, and the time ${growth}.`;
}

function fixFor(harmless: number, part: 'key' | 'value'): string {
  const rewrite = 'Rewrite it so that repeats inside or behind each other cannot take the same characters';
  const limit = harmless === 0 || part === 'key' ? '' : `, or write "maxLength: ${harmless}" or less beside it`;
  return `${rewrite}${limit}; "# declaragent-ignore exponential-pattern: <reason>" above it accepts it.`;
}

/** The length of the longest text that takes no more than the steps allowed; 0 where none does. */
function longestHarmless(steps: Steps): number {
  let [low, high] = [0, REFERENCE_LENGTH];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (steps(middle) <= MOST_STEPS) low = middle;
    else high = middle;
  }
  return low;
}

/** What all patterns of one file may take, a few seconds: enough for tens of thousands of real ones. */
const MOST_WORK = 20_000_000;

interface Judged {
  readonly budget: Budget;
  readonly steps: Map<string, Steps>;
}

const judged = new WeakMap<SourceDocument, Judged>();

function stepsOf(pattern: string, document: SourceDocument): Steps {
  const { budget, steps } = judged.get(document) ?? {
    budget: createBudget(MOST_WORK),
    steps: new Map<string, Steps>(),
  };
  judged.set(document, { budget, steps });
  const found = steps.get(pattern) ?? costOfPattern(pattern, budget);
  steps.set(pattern, found);
  return found;
}

/** How much work the patterns of a file took so far. */
export function workOfPatterns(document: SourceDocument): number {
  return judged.get(document)?.budget.spent() ?? 0;
}

/** So much work for the patterns of a contract is far from too much, however it is counted. */
export const LITTLE_WORK: number = MOST_WORK / 4;

const suppressions = new WeakMap<SourceDocument, readonly Suppression[]>();

function suppressionsOf(document: SourceDocument): readonly Suppression[] {
  const found = suppressions.get(document) ?? suppressionsIn(document.file, document.text);
  suppressions.set(document, found);
  return found;
}
