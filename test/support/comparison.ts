import { readVersion } from '../../generator/breaking/read-version.js';
import type { Version } from '../../generator/breaking/version.js';
import type { SchemaModel } from '../../generator/model.js';
import { ContractError } from '../../generator/problem.js';
import { capability, contractText } from './contract.js';

/** One schema as the phases of the generator make it. */
export interface Compiled {
  readonly model: SchemaModel;
  readonly side: Version['side'];
}

/** The schema as the input of a capability; null where codegen refuses it. */
export function compiled(schema: unknown): Compiled | null {
  const text = contractText({ capabilities: [capability('c', schema)] });
  const tree = { main: 'capabilities.yaml', nameOf: (name: string) => name, has: () => false, read: () => text };
  try {
    const { model, side } = readVersion(tree).version;
    const [only] = model.capabilities;
    return only === undefined ? null : { model: only.input, side };
  } catch (error) {
    if (error instanceof ContractError) return null;
    throw error;
  }
}
