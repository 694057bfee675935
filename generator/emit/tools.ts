import { type CapabilityModel, type ContractModel, type Schema, selfContained } from '../model.js';
import { identifier, literal, type SourceFile } from '../print.js';
import { capabilityModule, RUNTIME } from '../symbols.js';

/** Adds one tool definition per capability, in the shape that language models are given tools in. */
export function emitTools(contract: ContractModel, file: SourceFile): void {
  file.render('generated/tools.ts.hbs', {
    ToolDefinition: file.type('ToolDefinition', RUNTIME),
    value: identifier(`${contract.names.value}Tools`),
    tools: contract.capabilities.map((capability) => {
      const takesObject = typeof capability.input.schema === 'object' && capability.input.schema['type'] === 'object';
      return {
        name: literal(capability.name),
        description: literal(capability.description ?? `The capability ${capability.name} of ${contract.agent}.`),
        takesObject,
        ...(takesObject
          ? { input: file.value(capability.input.valueName, capabilityModule(capability)) }
          : { wrapped: literal(wrapped(capability), 4) }),
      };
    }),
  });
}

/** A tool's input is always an object; any other input goes into one, under `input`. */
function wrapped({ input }: CapabilityModel): Schema {
  const { $defs, ...schema } = selfContained(input);
  const wrapper = { type: 'object', properties: { input: schema }, required: ['input'], additionalProperties: false };
  return $defs === undefined ? wrapper : { ...wrapper, $defs };
}
