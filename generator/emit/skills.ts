import type { CapabilityModel, ContractModel } from '../model.js';
import { identifier, type SourceFile } from '../print.js';

/** Adds the skeleton of one skill file: a constant for each capability that names the file. */
export function emitSkill(
  contract: ContractModel,
  capabilities: readonly CapabilityModel[],
  out: string,
  file: SourceFile,
): void {
  const entry = `../${out}/${contract.id}/index.js`;
  file.render('skills/skill.ts.hbs', {
    skills: capabilities.map(({ names }) => ({
      Skill: file.type(`${names.type}Skill`, entry),
      value: identifier(names.value),
    })),
  });
}

/** Adds the file that puts an agent's skills together. */
export function emitSkills(contract: ContractModel, out: string, file: SourceFile): void {
  file.render('skills/skills.ts.hbs', {
    Skills: file.type(`${contract.names.type}Skills`, `./${out}/${contract.id}/index.js`),
    skills: contract.capabilities.map(({ names, skill }) => {
      const value = file.value(names.value, `./skills/${skill}.js`);
      const isShorthand = names.member === names.value;
      return { isShorthand, member: identifier(names.member), value };
    }),
  });
}
