import type { ContractFormat } from '@declaragent/runtime';
import type { ContractModel } from '../model.js';
import { identifier, key, literal, type SourceFile } from '../print.js';

const RUNTIME = '@declaragent/runtime';

/** The format of generated code, which moves only when a runtime must know that the output has moved. */
const FORMAT: ContractFormat = 1;

/** Adds the whole contract as one typed value. */
export function emitContract(contract: ContractModel, file: SourceFile): void {
  const hasCapabilities = contract.capabilities.length > 0;
  file.render('generated/contract.ts.hbs', {
    Contract: file.type('Contract', RUNTIME),
    ...(hasCapabilities ? { CapabilityContract: file.type('CapabilityContract', RUNTIME) } : {}),
    type: identifier(`${contract.names.type}Contract`),
    value: identifier(`${contract.names.value}Contract`),
    format: literal(FORMAT),
    agent: literal(contract.agent),
    capabilities: contract.capabilities.map(({ name, names, input, output, errors }) => {
      const module = `./capabilities/${name}.gen.js`;
      return {
        key: key(name),
        value: file.value(`${names.member}Capability`, module),
        Input: file.type(input.typeName, module),
        Output: file.type(output.typeName, module),
        hasErrors: errors.length > 0,
        Errors: errors.length > 0 ? file.type(`${names.type}Errors`, module) : identifier('NoErrors'),
      };
    }),
  });
}
