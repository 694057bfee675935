import type { ContractModel } from '../model.js';
import { literal, type SourceFile } from '../print.js';

/** Adds the one door to a contract's folder: everything that its modules export. */
export function emitEntry(contract: ContractModel, hasServer: boolean, file: SourceFile): void {
  const modules = [
    ...contract.capabilities.map(({ name }) => `./capabilities/${name}.gen.js`),
    ...contract.definitions.map(({ module }) => `./${module}.gen.js`),
    ...['./client.gen.js', './contract.gen.js', ...(hasServer ? ['./server.gen.js'] : []), './tools.gen.js'],
  ];
  file.render('generated/entry.ts.hbs', { modules: modules.map((module) => ({ module: literal(module) })) });
}
