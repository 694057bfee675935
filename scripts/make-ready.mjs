// Compiles what the program would otherwise compile at each start: the validators of its own schemas, and its templates.
// The argument is the folder of the generator, as JavaScript.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import Handlebars from 'handlebars';

const root = path.resolve(import.meta.dirname, '..');
const generator = path.resolve(process.argv[2] ?? path.join(root, 'dist/generator'));
const load = (name) => import(pathToFileURL(path.join(generator, name)));
const { compileOwn, OWN_SCHEMA_NAMES, sourceOf } = await load('own-schemas.js');
const { TEMPLATE_OPTIONS, templateSource } = await load('template.js');
const { readyPath } = await load('ready.js');

const ready = path.join(generator, 'ready');
const current = new Set();
const write = (name, madeFrom, text) => {
  const file = readyPath(name, madeFrom);
  current.add(file);
  mkdirSync(path.dirname(file), { recursive: true });
  // In one step, since a program may run from here meanwhile.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
};
mkdirSync(ready, { recursive: true });
for (const name of OWN_SCHEMA_NAMES) {
  const { ajv, validator } = compileOwn(name, { source: true });
  write(name, sourceOf(name), standaloneCode.default(ajv, validator));
}
const templates = path.join(root, 'templates');
for (const name of readdirSync(templates, { recursive: true }).filter((file) => file.endsWith('.hbs'))) {
  const text = readFileSync(path.join(templates, name), 'utf8');
  // A copy, since it adds to what it is given.
  const code = Handlebars.precompile(text, { ...TEMPLATE_OPTIONS });
  write(name.split(path.sep).join('/'), templateSource(text), `module.exports = ${code};\n`);
}
for (const entry of readdirSync(ready, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath, entry.name);
  if (entry.isFile() && file.endsWith('.cjs') && !current.has(file)) rmSync(file, { force: true });
}
