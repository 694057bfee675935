import type { CapabilityModel } from '../model.js';
import { comment, identifier, key, literal, type SourceFile, type View } from '../print.js';
import { RUNTIME } from '../symbols.js';

/** Adds the capability as one typed value, and the type of its declared errors. */
export function emitCapability(capability: CapabilityModel, file: SourceFile): void {
  const { names, input, output } = capability;
  file.render('generated/capability.ts.hbs', {
    CapabilityContract: file.type('CapabilityContract', RUNTIME),
    Errors: identifier(`${names.type}Errors`),
    Input: identifier(input.typeName),
    Output: identifier(output.typeName),
    value: identifier(`${names.member}Capability`),
    name: literal(capability.name),
    hasErrors: capability.errors.length > 0,
    errorTypes: capability.errors.map(({ code, description, details }) => ({
      code: key(code),
      hasDescription: description !== null,
      description: comment(description ?? '', 2),
      details: identifier(details?.typeName ?? 'undefined'),
    })),
    fields: fieldsOf(capability),
    input: identifier(input.valueName),
    output: identifier(output.valueName),
    errors: capability.errors.map(({ code, description, details }) => ({
      code: key(code),
      hasDescription: description !== null,
      description: literal(description),
      hasDetails: details !== null,
      details: identifier(details?.valueName ?? 'undefined'),
    })),
    hasExamples: capability.examples.length > 0,
    examples: literal(
      capability.examples.map(({ name, input: given, hasOutput, output: expected }) =>
        hasOutput ? { name, input: given, output: expected } : { name, input: given },
      ),
      2,
    ),
  });
}

/** The members that the file may leave out; what it leaves out is absent, not undefined. */
function fieldsOf({ description, timeoutMs, idempotent, since, deprecated }: CapabilityModel): View[] {
  const fields = { description, timeoutMs, idempotent, since, deprecated };
  return Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ({ name: key(name), value: literal(value, 2) }));
}
