import type { ContractModel } from '../model.js';
import { comment, identifier, type SourceFile } from '../print.js';

const RUNTIME = '@declaragent/runtime';

/** Adds the server: the type of each skill, the interface of all of them, and the function that serves them. */
export function emitServer(contract: ContractModel, file: SourceFile): void {
  const hasCapabilities = contract.capabilities.length > 0;
  file.render('generated/server.ts.hbs', {
    Bus: file.type('Bus', RUNTIME),
    ServeOptions: file.type('ServeOptions', RUNTIME),
    Service: file.type('Service', RUNTIME),
    serve: file.value('serve', RUNTIME),
    contract: file.value(`${contract.names.value}Contract`, './contract.gen.js'),
    hasCapabilities,
    skills: identifier(hasCapabilities ? 'skills' : '_skills'),
    ...(hasCapabilities ? { implement: file.value('implement', RUNTIME), Skill: file.type('Skill', RUNTIME) } : {}),
    Skills: identifier(`${contract.names.type}Skills`),
    serveAgent: identifier(`serve${contract.names.type}`),
    agent: comment(`What implements ${contract.agent}: one skill per capability.`),
    serves: comment(`Serves ${contract.agent} on the bus.`),
    capabilities: contract.capabilities.map(({ name, names, description, input, output, errors }) => {
      const module = `./capabilities/${name}.gen.js`;
      return {
        type: identifier(`${names.type}Skill`),
        member: identifier(names.member),
        capability: file.value(`${names.member}Capability`, module),
        Input: file.type(input.typeName, module),
        Output: file.type(output.typeName, module),
        hasErrors: errors.length > 0,
        Errors: errors.length > 0 ? file.type(`${names.type}Errors`, module) : identifier('NoErrors'),
        comment: comment(description ?? `Implements the capability ${name}.`),
      };
    }),
  });
}
