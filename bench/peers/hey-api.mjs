/** hey-api with its TypeScript, SDK and Zod plugins: types, a client and validators of the same schemas. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createClient } from '@hey-api/openapi-ts';
import { DEFINITIONS, nameOf, schemasOf } from '../contract.mjs';

const [count, out] = [Number(process.argv[2]), process.argv[3]];
const inOpenApi = (value) => JSON.parse(JSON.stringify(value).replaceAll('#/definitions/', '#/components/schemas/'));
const json = (schema) => ({ content: { 'application/json': { schema } } });
const paths = {};
for (let index = 0; index < count; index++) {
  const { input, output } = inOpenApi(schemasOf(index));
  paths[`/${nameOf(index)}`] = {
    post: {
      operationId: nameOf(index),
      description: `Does what ${nameOf(index)} says.`,
      requestBody: { required: true, ...json(input) },
      responses: { 200: { description: 'The answer.', ...json(output) } },
    },
  };
}
const document = {
  openapi: '3.1.0',
  info: { title: 'bench', version: '1.0.0' },
  paths,
  components: { schemas: inOpenApi(DEFINITIONS) },
};
mkdirSync(out, { recursive: true });
writeFileSync(`${out}/openapi.json`, JSON.stringify(document));
await createClient({
  input: `${out}/openapi.json`,
  output: `${out}/client`,
  logs: { level: 'silent' },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch', 'zod'],
});
