import { emitSkill, emitSkills } from './emit/skills.js';
import type { SkillFiles } from './load.js';
import type { CapabilityModel, ContractModel } from './model.js';
import { createSourceFile } from './print.js';

/** A file of the user's that codegen starts or adds to, and never takes away from. */
export interface SkillFile {
  /** Relative to the agent's folder, with `/`. */
  readonly path: string;
  readonly content: string;
  readonly isNew: boolean;
}

export interface SkillsPlan {
  readonly skills: readonly SkillFile[];
  /** Sentences about what was left as it is. */
  readonly notices: readonly string[];
}

/** Decides which skill files are started, and what is added to skills.ts. */
export async function planSkills(contract: ContractModel, existing: SkillFiles, out: string): Promise<SkillsPlan> {
  const lacking = contract.capabilities.filter(({ names }) => !hasEntry(existing.skillsText, names.member));
  const skills: SkillFile[] = [];
  const notices: string[] = [];
  let missing: readonly CapabilityModel[] = lacking;
  if (existing.skillsText === null) {
    const file = createSourceFile('skills.ts', '');
    emitSkills(contract, out, file);
    skills.push({ path: file.path, content: file.text().trimStart(), isNew: true });
  } else if (lacking.length > 0) {
    // ts-morph takes longer to load than everything else together, so only an edit loads it.
    const { addSkills } = await import('./edit-skills.js');
    const edit = addSkills(existing.skillsText, contract.names.type, lacking);
    missing = edit.added;
    if (edit.added.length > 0) skills.push({ path: 'skills.ts', content: edit.text, isNew: false });
    notices.push(...edit.notices);
  }
  for (const capability of missing) {
    const name = `skills/${capability.skill}.ts`;
    if (existing.names.has(capability.skill)) {
      notices.push(`${name} already exists and was left alone; see that it exports ${capability.names.value}.`);
    }
    if (existing.names.has(capability.skill) || skills.some((skill) => skill.path === name)) continue;
    const file = createSourceFile(name, '');
    emitSkill(
      contract,
      contract.capabilities.filter(({ skill }) => skill === capability.skill),
      out,
      file,
    );
    skills.push({ path: name, content: file.text().trimStart(), isNew: true });
  }
  return { skills, notices: [...notices, ...unusedSkills(contract, existing)] };
}

/**
 * Whether the text holds an entry of that name in some object literal. It may only be wrong by missing one, which the
 * syntax tree then finds: comments, strings and imports, in which names recur, are not looked at.
 */
function hasEntry(text: string | null, name: string): boolean {
  const code = text
    ?.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
    .replace(/^\s*import\b[^;'"]*['"][^'"\n]*['"];?/gm, '')
    .replace(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g, "''");
  return code !== undefined && new RegExp(`[{,]\\s*(?:async\\s+)?${name}\\s*[,:}(]`).test(code.replace(/,/g, ',,'));
}

/** A removed capability's skill is the user's code: it is kept, and said to be kept. */
function unusedSkills(contract: ContractModel, existing: SkillFiles): string[] {
  const used = new Set(contract.capabilities.map(({ skill }) => skill));
  return [...existing.names]
    .filter((name) => !used.has(name))
    .map((name) => `skills/${name}.ts implements no capability of ${contract.source}; it was kept.`);
}
