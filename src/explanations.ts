import { errorCodes, type RuntimeCode } from '@declaragent/runtime';
import { codeExplanations } from '@declaragent/runtime/codes';
import { FOLDER_FINDINGS, type FolderFinding, RULES } from '../generator/breaking/index.js';
import { PROBLEMS, type ProblemKind } from '../generator/index.js';
import { LINT_RULES } from '../generator/lint/index.js';
import { DRIFT } from './drift.js';

/** What is known of one code that a command or an error can bear. */
export interface Explanation {
  readonly code: string;
  /** What bears it. */
  readonly kind: string;
  /** One sentence: what has happened, or what is reported. */
  readonly meaning: string;
  /** One or two sentences: why that matters. */
  readonly why?: string;
  /** One sentence: what to do. */
  readonly fix: string;
  /** What else the table says, by name. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Every code there is, printed from the tables that the code itself uses. */
export function explanations(): Explanation[] {
  return [...problems(), ...drift(), ...lintRules(), ...breakingRules(), ...callErrors()];
}

function problems(): Explanation[] {
  return Object.entries<ProblemKind>(PROBLEMS).map(([code, { meaning, fix }]) => ({
    code,
    kind: 'problem of a contract',
    meaning,
    fix: fix ?? 'The report shows the place and says what to do there.',
  }));
}

function drift(): Explanation[] {
  return Object.entries(DRIFT).map(([code, row]) => ({ code, kind: 'finding of codegen --check', ...row }));
}

function lintRules(): Explanation[] {
  return LINT_RULES.map(({ id, level, meaning, why, fix }) => ({
    code: id,
    kind: 'rule of lint',
    meaning,
    why,
    fix,
    facts: {
      level,
      'to accept one finding': `# declaragent-ignore ${id}: the reason`,
      'to weigh it otherwise': `declaragent lint --rule ${id}=off, =note, =warning or =error`,
    },
  }));
}

function breakingRules(): Explanation[] {
  const kind = 'rule of breaking';
  const rules = Object.entries(RULES).map(([code, { dimension, verdict, level, bump, meaning, fix }]) => {
    return { code, kind, meaning, fix, facts: { level, dimension, verdict, 'next version': bump } };
  });
  const findings = Object.entries<FolderFinding>(FOLDER_FINDINGS).map(([code, { level, meaning, fix }]) => {
    return { code, kind: 'finding of breaking', meaning, fix, facts: { level } };
  });
  return [...rules, ...findings];
}

function callErrors(): Explanation[] {
  return Object.keys(codeExplanations).map((code) => {
    const { status, executed, retry } = errorCodes[code as RuntimeCode];
    return {
      code,
      kind: 'error of a call',
      ...codeExplanations[code as RuntimeCode],
      facts: {
        status,
        'the skill has run': executed.join(', '),
        'the same call can succeed later': retry ? 'yes' : 'no',
      },
    };
  });
}
