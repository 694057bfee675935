import type { ContractModel } from '../model.js';
import { comment, identifier, type SourceFile } from '../print.js';
import { capabilityValue, contractValue, RUNTIME, typeArguments } from '../symbols.js';

/** Adds the server: the type of each skill, the interface of all of them, and the function that serves them. */
export function emitServer(contract: ContractModel, file: SourceFile): void {
  const hasCapabilities = contract.capabilities.length > 0;
  file.render('generated/server.ts.hbs', {
    Bus: file.type('Bus', RUNTIME),
    Implementation: file.type('Implementation', RUNTIME),
    ServeOptions: file.type('ServeOptions', RUNTIME),
    Service: file.type('Service', RUNTIME),
    serve: file.value('serve', RUNTIME),
    contract: contractValue(contract, file),
    hasCapabilities,
    skills: identifier(hasCapabilities ? 'skills' : '_skills'),
    ...(hasCapabilities ? { implement: file.value('implement', RUNTIME), Skill: file.type('Skill', RUNTIME) } : {}),
    Skills: identifier(`${contract.names.type}Skills`),
    serveAgent: identifier(`serve${contract.names.type}`),
    agent: comment(`What implements ${contract.agent}: one skill per capability.`),
    serves: comment(`Serves ${contract.agent} on the bus.`),
    capabilities: contract.capabilities.map((capability) => ({
      type: identifier(`${capability.names.type}Skill`),
      member: identifier(capability.names.member),
      capability: capabilityValue(capability, file),
      types: typeArguments(capability, file),
      comment: comment(capability.description ?? `Implements the capability ${capability.name}.`),
    })),
  });
}
