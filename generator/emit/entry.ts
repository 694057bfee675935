import type { ContractModel } from '../model.js';
import { identifier, literal, type SourceFile } from '../print.js';

/** Adds the one door to a contract's folder: everything that its modules export for others. */
export function emitEntry(contract: ContractModel, hasServer: boolean, file: SourceFile): void {
  const modules = [
    ...contract.capabilities.map(({ name }) => `./capabilities/${name}.gen.js`),
    ...['./client.gen.js', './contract.gen.js', ...(hasServer ? ['./server.gen.js'] : []), './tools.gen.js'],
  ];
  file.render('generated/entry.ts.hbs', {
    // Their checks are for generated code alone.
    definitions: contract.definitions.map(({ typeName, module }) => ({
      type: identifier(typeName),
      module: literal(`./${module}.gen.js`),
    })),
    modules: modules.map((module) => ({ module: literal(module) })),
  });
}
