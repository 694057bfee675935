import type { ErrorObject } from 'ajv';
import type { SourceDocument } from './document.js';
import { isObject, type Path, pathOfPointer } from './json.js';
import { type CapabilityModel, type SchemaModel, selfContained } from './model.js';
import type { Problem } from './problem.js';
import { compilable, createAjv } from './vocabulary.js';

/** Finds examples that break the schemas they are examples of. A schema that is not sound says nothing about examples. */
export function checkExamples(
  document: SourceDocument,
  capability: Path,
  model: CapabilityModel,
  isSound: (schema: SchemaModel) => boolean,
): Problem[] {
  const problems: Problem[] = [];
  for (const [index, example] of model.examples.entries()) {
    const path = [...capability, 'examples', index];
    if (isSound(model.input)) {
      problems.push(...mismatches(document, [...path, 'input'], model.input, example.input, model.name));
    }
    if (example.hasOutput && isSound(model.output)) {
      problems.push(...mismatches(document, [...path, 'output'], model.output, example.output, model.name));
    }
  }
  return problems;
}

function mismatches(
  document: SourceDocument,
  path: Path,
  schema: SchemaModel,
  value: unknown,
  name: string,
): Problem[] {
  const ajv = createAjv({});
  const check = ajv.compile(compilable(selfContained(schema)));
  if (check(value)) return [];
  const part = path.at(-1) === 'input' ? 'inputSchema' : 'outputSchema';
  const seen = new Set<string>();
  return (check.errors ?? []).flatMap((error: ErrorObject): Problem[] => {
    const at = [...path, ...pathOfPointer(error.instancePath)];
    const place = document.place(at);
    const id = `${place.line}:${place.column}:${error.keyword}`;
    if (seen.has(id)) return [];
    seen.add(id);
    const extra: unknown = isObject(error.params) ? error.params['allowedValues'] : undefined;
    return [
      {
        code: 'example-mismatch',
        place,
        message: `This example breaks the ${part} of "${name}": ${error.instancePath || 'it'} ${error.message ?? 'is not valid'}.`,
        ...(Array.isArray(extra) ? { expected: extra.map((item) => JSON.stringify(item)).join(', ') } : {}),
        fix: 'Correct the example, or the schema if the example is right.',
      },
    ];
  });
}
