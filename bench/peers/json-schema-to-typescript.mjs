/** json-schema-to-typescript alone: types of the inputs and outputs, one module a capability, in one process. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';
import { DEFINITIONS, nameOf, schemasOf } from '../contract.mjs';

const [count, out, format] = [Number(process.argv[2]), process.argv[3], process.argv[4] === 'formatted'];
mkdirSync(out, { recursive: true });
for (let index = 0; index < count; index++) {
  const { input, output } = schemasOf(index);
  const schema = {
    type: 'object',
    properties: { input, output },
    required: ['input', 'output'],
    additionalProperties: false,
    definitions: DEFINITIONS,
  };
  writeFileSync(`${out}/${nameOf(index)}.ts`, await compile(schema, nameOf(index), { bannerComment: '', format }));
}
