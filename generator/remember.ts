import { byCodePoint, type CapabilityModel, type DefinitionModel, type SchemaModel } from './model.js';
import { capabilityExports, nameKey } from './names.js';

/*
 * What one capability was compiled to can be used again as long as its text and all that it may refer to are the same.
 * So an edit of one capability compiles that one. What only the whole contract can say is looked at here: that no two of
 * its names are one. Where there is any doubt, the whole contract is compiled, and says what is wrong.
 */

/** A definition with the place that it comes from, by which it is known from others of its name. */
export interface PlacedDefinition extends DefinitionModel {
  /** The file and the pointer into it. */
  readonly id: string;
}

/** A capability as it was compiled, with the shared definitions that it needs. */
export interface CompiledCapability {
  readonly capability: CapabilityModel;
  readonly shared: readonly PlacedDefinition[];
}

/**
 * Every shared definition of a contract, in code-point order; null where two of its names are one. `shared` was compiled
 * now, `names` are those that the contract exports besides.
 */
export function joinDefinitions(
  capabilities: readonly CompiledCapability[],
  shared: readonly PlacedDefinition[],
  names: readonly string[],
): DefinitionModel[] | null {
  const all = [...shared, ...capabilities.flatMap((part) => part.shared)];
  const placed = [...new Map(all.map((definition) => [definition.id, definition] as const)).values()];
  const exported = [
    ...names,
    ...capabilities.flatMap(({ capability }) => exportsOf(capability)),
    ...placed.map(typeNameOf),
  ];
  const files = placed.map((definition) => typeNameOf(definition).toLowerCase());
  const keys = capabilities.map(({ capability }) => nameKey(capability.name));
  if ([exported, files, keys].some((list) => new Set(list).size < list.length)) return null;
  return placed
    .map(({ typeName, schema, module }) => ({ typeName, schema, module }))
    .sort((left, right) => byCodePoint(left.typeName, right.typeName));
}

function exportsOf({ names, input, output, errors, definitions }: CapabilityModel): string[] {
  const schemas = [input, output, ...errors.flatMap(({ details }) => details ?? [])];
  const exported = capabilityExports(names, schemas.map(typeNameOf));
  return [...exported, ...definitions.map(typeNameOf)];
}

function typeNameOf({ typeName }: { readonly typeName: string }): string {
  return typeName;
}

/** The compiled capabilities of a contract as JSON data, and back. A definition that many need is in it once. */
export interface CapabilityRecords {
  readonly definitions: readonly PlacedDefinition[];
  readonly capabilities: Readonly<Record<string, unknown>>;
}

/** With more of them, reading would take longer than writing takes less. */
const MOST_RECORDS = 16;

/**
 * Adds what was compiled now to what was before, of which nothing is written anew; now and then all is put together, and what
 * no longer counts is left out. `compiled` is by a key of the caller's, and holds both.
 */
export function addRecords(
  before: readonly CapabilityRecords[],
  compiled: ReadonlyMap<string, CompiledCapability>,
): readonly CapabilityRecords[] {
  const added = new Map([...compiled].filter(([key]) => !isRecorded(before, key)));
  if (before.length === 0 || before.length >= MOST_RECORDS || added.size > compiled.size / 4) {
    return [toRecords(compiled)];
  }
  return added.size === 0 ? before : [...before, toRecords(added)];
}

/** Whether something was compiled under a key. */
export function isRecorded(records: readonly CapabilityRecords[], key: string): boolean {
  return records.some(({ capabilities }) => Object.hasOwn(capabilities, key));
}

function toRecords(compiled: ReadonlyMap<string, CompiledCapability>): CapabilityRecords {
  const indexes = new Map<string, number>();
  const known = new Map<object, number>();
  const definitions: PlacedDefinition[] = [];
  const indexOf = (definition: DefinitionModel | PlacedDefinition): number => {
    const index = known.get(definition) ?? findIndex(definition);
    known.set(definition, index);
    return index;
  };
  const findIndex = (definition: DefinitionModel | PlacedDefinition): number => {
    const id = 'id' in definition ? definition.id : `${definition.module} ${definition.typeName}`;
    const text = JSON.stringify([id, definition.schema]);
    const index = indexes.get(text);
    if (index !== undefined) return index;
    indexes.set(text, definitions.length);
    return definitions.push({ ...definition, id }) - 1;
  };
  const toSchema = (schema: SchemaModel): unknown => ({ ...schema, needs: [...schema.needs.values()].map(indexOf) });
  const capabilities = [...compiled].map(([key, { capability, shared }]) => {
    const record = {
      ...capability,
      input: toSchema(capability.input),
      output: toSchema(capability.output),
      errors: capability.errors.map((error) => ({ ...error, details: error.details && toSchema(error.details) })),
    };
    return [key, { capability: record, shared: shared.map(indexOf) }] as const;
  });
  return { definitions, capabilities: Object.fromEntries(capabilities) };
}

interface SchemaRecord extends Omit<SchemaModel, 'needs'> {
  readonly needs: readonly number[];
}

interface CapabilityRecord {
  readonly capability: Omit<CapabilityModel, 'input' | 'output' | 'errors'> & {
    readonly input: SchemaRecord;
    readonly output: SchemaRecord;
    readonly errors: readonly {
      readonly code: string;
      readonly description: string | null;
      readonly details: SchemaRecord | null;
    }[];
  };
  readonly shared: readonly number[];
}

/** Reads what stands under a key; undefined where nothing does. */
export function createRecall(records: readonly CapabilityRecords[]): (key: string) => CompiledCapability | undefined {
  const readers = records.map(createReader);
  return (key) => {
    for (const read of readers) {
      const found = read(key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function createReader({
  definitions,
  capabilities,
}: CapabilityRecords): (key: string) => CompiledCapability | undefined {
  const models = definitions.map(({ typeName, schema, module }): DefinitionModel => ({ typeName, schema, module }));
  const toSchema = ({ needs, ...schema }: SchemaRecord): SchemaModel => ({
    ...schema,
    needs: new Map(needs.map((index) => models[index] as DefinitionModel).map((one) => [one.typeName, one] as const)),
  });
  return (key) => {
    if (!Object.hasOwn(capabilities, key)) return undefined;
    const { capability, shared } = capabilities[key] as CapabilityRecord;
    return {
      capability: {
        ...capability,
        input: toSchema(capability.input),
        output: toSchema(capability.output),
        errors: capability.errors.map((error) => ({ ...error, details: error.details && toSchema(error.details) })),
      },
      shared: shared.map((index) => definitions[index] as PlacedDefinition),
    };
  };
}
