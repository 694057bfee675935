import type { CapabilityModel, ContractModel } from '../model.js';
import { identifier, literal, type SourceFile } from '../print.js';

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

/** Adds the file that puts an agent's skills together; those that are Markdown are left out of it. */
export function emitSkills(
  contract: ContractModel,
  capabilities: readonly CapabilityModel[],
  out: string,
  file: SourceFile,
): void {
  const prompts = contract.capabilities.filter((capability) => !capabilities.includes(capability));
  file.render('skills/skills.ts.hbs', {
    Skills: file.type(`${contract.names.type}Skills`, `./${out}/${contract.id}/index.js`),
    hasPrompts: prompts.length > 0,
    prompts: prompts.map(({ names }, index) => ({ isFirst: index === 0, member: literal(names.member) })),
    skills: capabilities.map(({ names, skill }) => {
      const value = file.value(names.value, `./skills/${skill}.js`);
      const isShorthand = names.member === names.value;
      return { isShorthand, member: identifier(names.member), value };
    }),
  });
}
