import type { ContractFormat } from '@declaragent/runtime';
import type { ContractModel } from '../model.js';
import { identifier, key, literal, type SourceFile } from '../print.js';
import { capabilityValue, RUNTIME, typeArguments } from '../symbols.js';

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
    capabilities: contract.capabilities.map((capability) => ({
      key: key(capability.name),
      value: capabilityValue(capability, file),
      types: typeArguments(capability, file),
    })),
  });
}
