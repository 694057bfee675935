/** ajv alone: standalone validators of the inputs and outputs, one module a capability, in one process. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import formats from 'ajv-formats';
import { DEFINITIONS, nameOf, schemasOf } from '../contract.mjs';

const [count, out] = [Number(process.argv[2]), process.argv[3]];
mkdirSync(out, { recursive: true });
for (let index = 0; index < count; index++) {
  const ajv = new Ajv2020({ allErrors: true, strict: false, code: { source: true, esm: true } });
  formats.default(ajv);
  const { input, output } = schemasOf(index);
  ajv.addSchema({ ...input, definitions: DEFINITIONS }, 'input');
  ajv.addSchema({ ...output, definitions: DEFINITIONS }, 'output');
  writeFileSync(`${out}/${nameOf(index)}.js`, standalone.default(ajv, { input: 'input', output: 'output' }));
}
