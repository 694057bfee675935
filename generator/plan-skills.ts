import { emitSkill, emitSkills } from './emit/skills.js';
import type { CapabilityModel, ContractModel } from './model.js';
import { createSourceFile } from './print.js';
import type { SkillFiles } from './skill-files.js';

/** A file of the user's that codegen starts or adds to, and never takes away from. */
export interface SkillFile {
  /** Relative to the agent's folder, with `/`. */
  readonly path: string;
  readonly content: string;
  /** What it holds now, which is all that may be replaced; null where there is none. */
  readonly replaces: string | null;
}

export interface SkillsPlan {
  readonly skills: readonly SkillFile[];
  /** Sentences about what was left as it is. */
  readonly notices: readonly string[];
}

/** Decides which skill files are started, and what is added to skills.ts. */
export async function planSkills(contract: ContractModel, existing: SkillFiles, out: string): Promise<SkillsPlan> {
  const coded = contract.capabilities.filter(({ skill }) => !isPrompt(skill, existing));
  const { file: skillsFile, missing, notices } = await planSkillsFile(contract, coded, existing.skillsText, out);
  const skills = skillsFile === null ? [] : [skillsFile];
  const remarks = [...notices];
  for (const capability of missing) {
    const name = `skills/${capability.skill}.ts`;
    if (existing.names.has(capability.skill)) {
      remarks.push(`${name} already exists and was left alone; see that it exports ${capability.names.value}.`);
    }
    if (existing.names.has(capability.skill) || skills.some((skill) => skill.path === name)) continue;
    const file = createSourceFile(name, '');
    emitSkill(
      contract,
      coded.filter(({ skill }) => skill === capability.skill),
      out,
      file,
    );
    skills.push({ path: name, content: file.text().trimStart(), replaces: null });
  }
  return { skills, notices: [...remarks, ...unusedSkills(contract, existing)] };
}

/** Whether a skill is Markdown, which the agent runner gives to a model; code of that name counts instead. */
function isPrompt(skill: string, { names, prompts }: SkillFiles): boolean {
  return prompts.has(skill) && !names.has(skill);
}

interface SkillsFilePlan {
  /** Null where it stays as it is. */
  readonly file: SkillFile | null;
  /** The capabilities that it has lacked until now. */
  readonly missing: readonly CapabilityModel[];
  readonly notices: readonly string[];
}

async function planSkillsFile(
  contract: ContractModel,
  coded: readonly CapabilityModel[],
  text: string | null,
  out: string,
): Promise<SkillsFilePlan> {
  if (text === null && coded.length === 0) return { file: null, missing: [], notices: [] };
  if (text === null) {
    const file = createSourceFile('skills.ts', '');
    emitSkills(contract, coded, out, file);
    const content = file.text().trimStart();
    return { file: { path: file.path, content, replaces: null }, missing: coded, notices: [] };
  }
  if (CONFLICT.test(text))
    return leave(
      'skills.ts holds a merge conflict, so it was left alone; settle it by either side, and the next run adds what it lacks.',
    );
  const entries = findEntries(text, `${contract.names.type}Skills`);
  const lacking = coded.filter(({ names }) => !entries(names.member));
  if (lacking.length === 0) return { file: null, missing: [], notices: [] };
  // What is no UTF-8 was replaced when it was read, and would be lost when it is written.
  if (text.includes('\ufffd')) return leave('skills.ts is not UTF-8 text, so it was left alone.');
  // ts-morph takes longer to load than everything else together, so only an edit loads it.
  const { addSkills } = await import('./edit-skills.js');
  const { text: content, added, notices } = addSkills(text, contract.names.type, lacking);
  return { file: added.length === 0 ? null : { path: 'skills.ts', content, replaces: text }, missing: added, notices };
}

const CONFLICT = /^<{7} .*\n(?:.*\n)*?={7}\r?\n(?:.*\n)*?>{7} /m;

function leave(notice: string): SkillsFilePlan {
  return { file: null, missing: [], notices: [notice] };
}

/**
 * Tells, without a parser, whether skills.ts has an entry of some name. Where the object of that type is found, it may
 * only be wrong by missing an entry, which the syntax tree then finds; where there is none, any object literal counts,
 * since the user puts the skills together in another way.
 */
function findEntries(text: string, typeName: string): (name: string) => boolean {
  const code = withoutText(text);
  const behind = new RegExp(`^\\s*(?:as\\s+const\\s+)?(?:satisfies|as)\\s+(?:Omit<\\s*)?${typeName}\\b`);
  for (const opening of code.matchAll(/(?::\s*(?:Omit<\s*)?(\w+)(?:\s*,[^>=]*>)?\s*)?=\s*\{/g)) {
    const { names, rest } = readObject(code.slice(opening.index + opening[0].length));
    if (opening[1] === typeName || behind.test(rest)) return (name) => names.includes(name);
  }
  // Such an object is there, but not in a form that is known here.
  if (new RegExp(`(?::|\\bas|\\bsatisfies)\\s*(?:Omit<\\s*)?${typeName}\\b`).test(text)) return () => false;
  const doubled = code.replace(/,/g, ',,');
  return (name) => new RegExp(`[{,]\\s*(?:async\\s+)?${name}\\s*[,:}(]`).test(doubled);
}

const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")(\s*:)?|`(?:[^`\\]|\\[\s\S])*`/g;

/** A text without what names recur in: comments, imports, and strings unless they name a member. */
function withoutText(text: string): string {
  return text
    .replace(COMMENT_OR_STRING, (match: string, colon: string | undefined) =>
      colon === undefined ? (match.startsWith('/') ? ' ' : "''") : match.replace(/['"]/g, ''),
    )
    .replace(/^[ \t]*import\b[^;']*'';?/gm, '');
}

/** The names in an object whose text begins behind its brace, without those inside of its entries, and what follows it. */
function readObject(code: string): { readonly names: readonly string[]; readonly rest: string } {
  let depth = 0;
  let outer = '';
  let end = 0;
  for (; end < code.length && depth >= 0; end++) {
    const character = code.charAt(end);
    if ('}])'.includes(character)) depth--;
    if (depth === 0) outer += character;
    if ('{[('.includes(character)) depth++;
  }
  const names = outer.split(',').flatMap((entry) => /^\s*(?:async\s+)?([\w$]+)\s*(?:[:()]|$)/.exec(entry)?.[1] ?? []);
  return { names, rest: code.slice(end) };
}

/** A removed capability's skill is the user's code: it is kept, and said to be kept. */
function unusedSkills(contract: ContractModel, existing: SkillFiles): string[] {
  const used = new Set(contract.capabilities.map(({ skill }) => skill));
  return [...existing.names]
    .filter((name) => !used.has(name))
    .map((name) => `skills/${name}.ts implements no capability of ${contract.source}; it was kept.`);
}
