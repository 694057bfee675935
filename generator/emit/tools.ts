import {
  type CapabilityModel,
  type ContractModel,
  type Schema,
  type SchemaModel,
  selfContained,
  typeNameOf,
} from '../model.js';
import { identifier, literal, type SourceFile } from '../print.js';
import { capabilityModule, RUNTIME } from '../symbols.js';

/** Adds one tool definition per capability, in the shape that language models are given tools in. */
export function emitTools(contract: ContractModel, file: SourceFile): void {
  file.render('generated/tools.ts.hbs', {
    ToolDefinition: file.type('ToolDefinition', RUNTIME),
    value: identifier(`${contract.names.value}Tools`),
    tools: contract.capabilities.map((capability) => {
      const { name, description, input } = capability;
      const isObject = acceptsOnlyObjects(input.schema, input.needs);
      return {
        name: literal(name),
        description: literal(description ?? `The capability ${name} of ${contract.agent}.`),
        isObject,
        ...(isObject
          ? { input: file.value(input.valueName, capabilityModule(capability)) }
          : { wrapped: literal(wrapped(capability), 4) }),
      };
    }),
  });
}

/** Whether a schema lets nothing in but objects, wherever it says so. */
function acceptsOnlyObjects(schema: Schema | boolean, needs: SchemaModel['needs']): boolean {
  if (typeof schema === 'boolean') return false;
  if (schema['type'] === 'object') return true;
  const lists = (keyword: string): (Schema | boolean)[] => (Array.isArray(schema[keyword]) ? schema[keyword] : []);
  const inner = (member: Schema | boolean): boolean => acceptsOnlyObjects(member, needs);
  const target = schema['$ref'] === undefined ? undefined : needs.get(typeNameOf(schema['$ref']));
  if (target !== undefined && inner(target.schema)) return true;
  if (lists('allOf').some(inner)) return true;
  return ['anyOf', 'oneOf'].some((keyword) => lists(keyword).length > 0 && lists(keyword).every(inner));
}

/** A tool's input is always an object; any other input goes into one, under `input`. */
function wrapped({ input }: CapabilityModel): Schema {
  const { $defs, ...schema } = selfContained(input);
  const wrapper = { type: 'object', properties: { input: schema }, required: ['input'], additionalProperties: false };
  return $defs === undefined ? wrapper : { ...wrapper, $defs };
}
