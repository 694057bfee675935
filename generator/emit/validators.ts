import { _ } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { FORMATS, forEachSubschema, isObject, mapSubschemas } from '../dialect.js';
import { type Schema, type SchemaModel, selfContained } from '../model.js';
import { escapeHidden, identifier, indentBlocks, literal, type SourceFile, source } from '../print.js';
import { RUNTIME } from '../symbols.js';

/*
 * ajv writes the body of each validator. Its output is JavaScript for a CommonJS world: it requires ajv's own files,
 * keeps results on function objects and has no types. The passes below turn it into a TypeScript module on
 * @declaragent/runtime. They rely on ajv printing one statement a line, see every string as a placeholder, and refuse
 * to go on when the output holds something they do not know.
 */

/** Adds one exported Standard Schema validator for each schema. */
export function emitValidators(schemas: readonly SchemaModel[], file: SourceFile): void {
  const roots = new Map(schemas.map((schema) => [schema, selfContained(schema)] as const));
  const { body, functions } = compileBodies(
    schemas.map((schema) => [schema.valueName, rootOf(roots, schema)] as const),
  );
  for (const name of IMPORTABLE) if (new RegExp(`\\b${name}\\b`).test(mask(body).text)) file.value(name, RUNTIME);
  file.type('Check', RUNTIME);
  file.append(source(body));
  for (const schema of schemas) {
    const check = functions.get(schema.valueName);
    if (check === undefined) throw new Error(`ajv returned no validator for ${schema.valueName}.`);
    file.render('generated/validator.ts.hbs', {
      defineValidator: file.value('defineValidator', RUNTIME),
      Validator: file.type('Validator', RUNTIME),
      valueName: identifier(schema.valueName),
      typeName: identifier(schema.typeName),
      schema: literal(rootOf(roots, schema), 2),
      check: identifier(check),
    });
  }
}

function rootOf(roots: ReadonlyMap<SchemaModel, Schema>, schema: SchemaModel): Schema {
  const root = roots.get(schema);
  if (root === undefined) throw new Error(`${schema.typeName} was not prepared.`);
  return root;
}

/** What the bodies may use of the runtime. */
const IMPORTABLE = ['addViolation', 'codePointLength', 'deepEqual', 'defineCheck', 'formats'];

function compileBodies(schemas: readonly (readonly [string, Schema])[]): {
  body: string;
  functions: Map<string, string>;
} {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    ownProperties: true,
    // The schemas were checked before, and the meta-schema would add names that differ between versions of ajv.
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    logger: false,
    // Small definitions are checked in place; the others are functions, shared by all who refer to them.
    inlineRefs: 10,
    formats: FORMATS,
    code: { source: true, esm: true, lines: true, formats: _`formats` },
  });
  // Following what was looked at costs each validator time, and only these keywords ask for it.
  ajv.opts.unevaluated = schemas.some(([, schema]) => /"unevaluated(?:Properties|Items)"/.test(JSON.stringify(schema)));
  const ids: Record<string, string> = {};
  for (const [name, schema] of schemas) {
    ajv.addSchema(splitLarge(schema), name);
    ids[name] = name;
  }
  return toModule(standaloneCode.default(ajv, ids));
}

/** How many schemas one function may check; the compiler gives up on functions much larger. */
const MOST_IN_ONE_FUNCTION = 100;

/** Moves what stands under properties and items of a large schema to definitions, which become functions. */
function splitLarge(schema: Schema): Schema {
  const parts: Record<string, unknown> = {};
  const split = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const isLarge = countSchemas(value) > MOST_IN_ONE_FUNCTION;
    return mapSubschemas(value, (subschema, keyword) => {
      const inner = split(subschema);
      // Keywords that look at the same value stay, since unevaluated* must see into them.
      if (!isLarge || !STEPS_INTO_VALUE.has(keyword) || countSchemas(inner) < 3) return inner;
      const name = `part${Object.keys(parts).length}`;
      parts[name] = inner;
      return { $ref: `#/$defs/${name}` };
    });
  };
  const { $defs, ...root } = schema;
  const defs = isObject($defs) ? Object.entries($defs).map(([name, value]) => [name, split(value)]) : [];
  const body = split(root) as Schema;
  const all = { ...Object.fromEntries(defs), ...parts };
  return Object.keys(all).length === 0 ? body : { ...body, $defs: all };
}

const STEPS_INTO_VALUE: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'additionalProperties',
  'items',
  'prefixItems',
]);

function countSchemas(value: unknown): number {
  if (!isObject(value)) return 1;
  let count = 1;
  forEachSubschema(value, (subschema) => {
    count += countSchemas(subschema);
  });
  return count;
}

/** Text with every string literal and every property of data replaced, so that no pass can touch what a schema says. */
interface Masked {
  readonly text: string;
  unmask(text: string): string;
}

function mask(code: string): Masked {
  const strings: string[] = [];
  const names: string[] = [];
  const text = code
    // ajv leaves characters that hide or reorder text as they are.
    .replace(/"(?:[^"\\\n]|\\.)*"/g, (string) => `"${strings.push(escapeHidden(string)) - 1}"`)
    // A property may be called `function`, or like a variable of ajv's.
    .replace(
      /\b(data\d*|props\d+)\.([A-Za-z_$][\w$]*)/g,
      (_, object: string, name: string) => `${object}.name${names.push(name) - 1}_`,
    );
  const unmask = (masked: string): string =>
    masked
      .replace(/\.name(\d+)_/g, (_, index: string) => `.${names[Number(index)]}`)
      .replace(/"(\d+)"/g, (_, index: string) => strings[Number(index)] ?? '');
  return { text, unmask };
}

function toModule(code: string): { body: string; functions: Map<string, string> } {
  const { text, unmask } = mask(code);
  const strings = (placeholder: string): unknown => JSON.parse(unmask(placeholder));
  const functions = new Map<string, string>();
  let body = text.replace(/^"\d+";\n/, '');
  body = body.replace(/^export const (\w+) = (\w+);\n/gm, (_, name: string, check: string) => {
    functions.set(name, check);
    return '';
  });
  body = body.replace(/require\(("\d+")\)\.default/g, (_, path: string) => runtimeNameOf(strings(path)));
  body = inlineWrappers(body);
  body = simplifyCalls(body);
  body = compactViolations(body);
  body = dropConstantChecks(body);
  body = attachEvaluated(body);
  body = dropUnused(body);
  body = annotate(body);
  const unknown = /\brequire\b|\bwrapper\d|\bdynamicAnchors\b|\bparentData\b|\bfunction\b|\bimport\b/.exec(body);
  if (unknown !== null) throw new Error(`ajv's output holds "${unknown[0]}", which the module form has no place for.`);
  return {
    body: indentBlocks(
      unmask(body)
        .trim()
        .replace(/\n{2,}/g, '\n'),
    ),
    functions,
  };
}

function runtimeNameOf(path: unknown): string {
  if (path === 'ajv/dist/runtime/ucs2length') return 'codePointLength';
  if (path === 'ajv/dist/runtime/equal') return 'deepEqual';
  throw new Error(`ajv's output requires ${JSON.stringify(path)}, for which the runtime has nothing.`);
}

/** ajv wraps functions that are used before they are made; constants are all made before the first validation. */
function inlineWrappers(body: string): string {
  const wrappers = new Map<string, string>();
  const rest = body.replace(/^const (wrapper\d+) = \{validate: (\w+)\};\n/gm, (_, name: string, target: string) => {
    wrappers.set(name, target);
    return '';
  });
  return rest.replace(/\b(wrapper\d+)\.validate\b/g, (_, name: string) => wrappers.get(name) ?? name);
}

/** A validator needs the value and the path to it; nothing here uses ajv's other arguments. */
function simplifyCalls(body: string): string {
  return body
    .replace(
      /^function (\w+)\(data, \{instancePath="\d+", [^\n]*\}=\{\}\)\{$/gm,
      'const $1 = defineCheck((data, instancePath = "") => {',
    )
    .replace(/\{instancePath,parentData,parentDataProperty,rootData,dynamicAnchors\}/g, 'instancePath')
    .replace(/\{instancePath:([^\n]+?),parentData:[^\n]*?,rootData,dynamicAnchors\}/g, '$1')
    .replace(/^return (errors === 0|true|false);\n\}$/gm, 'return $1;\n});');
}

/** Eight lines a violation become two: the report needs path, keyword and message only. */
function compactViolations(body: string): string {
  const block =
    /^const (err\d+) = (\{(?:.|\n)*?\});\nif\(vErrors === null\)\{\nvErrors = \[\1\];\n\}\nelse \{\nvErrors\.push\(\1\);\n\}\nerrors\+\+;/gm;
  return body.replace(block, (_, _name: string, object: string) => {
    if (object === '{}') return 'vErrors = addViolation(vErrors, instancePath, "", "");\nerrors++;';
    const path = /^\{instancePath(?::([^\n]*?))?,schemaPath:/.exec(object);
    const keyword = /,keyword:("\d+"),params:/.exec(object);
    const message = /\},message:([^\n]*?)(?:,propertyName:\w+)?\}$/.exec(object);
    if (path === null || keyword === null || message === null) {
      throw new Error(`ajv reports a violation in an unknown form: ${object}`);
    }
    return `vErrors = addViolation(vErrors, ${path[1] ?? 'instancePath'}, ${keyword[1]}, ${message[1]});\nerrors++;`;
  });
}

/** ajv guards against a multipleOf of 0, which the meta-schema has refused; the compiler objects to the comparison. */
function dropConstantChecks(body: string): string {
  return body.replace(/\((-?\d[\d.e+-]*) === 0 \|\| /g, '(');
}

/** ajv notes on each function which properties and items it looks at; a constant is given that when it is made. */
function attachEvaluated(body: string): string {
  const assignment = /^(\w+)\.evaluated = (\{[^\n]*\});\n/gm;
  const values = new Map([...body.matchAll(assignment)].map((match) => [match[1], match[2]] as const));
  let current = '';
  const lines = body.replace(assignment, '').split('\n');
  return lines
    .map((line) => {
      current = /^const (\w+) = defineCheck\(/.exec(line)?.[1] ?? current;
      const value = values.get(current);
      return line === '});' && value !== undefined ? `}, ${value});` : line;
    })
    .join('\n');
}

/** What only the longer form of a violation read: which branch passed, which name was missing, counters, constants. */
function dropUnused(body: string): string {
  const lines = body
    .replace(/^(?:let )?passing\d+ = [^\n]*;\n/gm, '')
    .replace(/ && \(missing\d+ = "\d+"\)/g, '')
    // A loop that only counts leaves its variable unread, which the compiler forgives behind an underscore.
    .replace(/\bkey(\d+)\b/g, '_key$1')
    .split('\n');
  const module: string[] = [];
  let start = -1;
  for (const [index, line] of lines.entries()) {
    if (line.includes('= defineCheck(')) start = index;
    if (start === -1) module.push(line);
    if (start === -1 || !END_OF_CHECK.test(line)) continue;
    // Names such as _errs1 recur in every function, so each is looked at alone.
    module.push(...withoutUnusedParameters(withoutUnused(lines.slice(start, index + 1))));
    start = -1;
  }
  return withoutUnused(module).join('\n');
}

const END_OF_CHECK = /^\}(?:, \{.*\})?\);$/;

function withoutUnused(lines: readonly string[]): string[] {
  const uses = new Map<string, number>();
  const count = (line: string, by: number): void => {
    for (const [word] of line.matchAll(/\b[A-Za-z_]\w*\b/g)) uses.set(word, (uses.get(word) ?? 0) + by);
  };
  for (const line of lines) count(line, 1);
  let kept = [...lines];
  for (let before = -1; before !== kept.length; ) {
    before = kept.length;
    kept = kept.filter((line) => {
      const name = /^(?:const|let|var) (\w+)(?: = (?!defineCheck)[^\n]*)?;$/.exec(line)?.[1];
      if (name === undefined || uses.get(name) !== 1) return true;
      count(line, -1);
      return false;
    });
  }
  return kept;
}

/** A schema that accepts everything looks at nothing, and one that refuses everything only says where. */
function withoutUnusedParameters([head = '', ...lines]: readonly string[]): string[] {
  const isUsed = (name: string): boolean => lines.some((line) => new RegExp(`\\b${name}\\b`).test(line));
  const path = isUsed('instancePath') ? ['instancePath = ""'] : [];
  const parameters = isUsed('data') ? ['data', ...path] : path.length > 0 ? ['_data', ...path] : [];
  return [head.replace('(data, instancePath = "")', `(${parameters.join(', ')})`), ...lines];
}

/** ajv's bodies walk values of any shape; saying so keeps the compiler from inferring less. */
function annotate(body: string): string {
  return body
    .replace(
      /^const (\w+) = defineCheck\(\((?:(_?data)(, instancePath = )?(?:"")?)?\) =>/gm,
      (_, name: string, data = '', path = '') =>
        `const ${name}: Check = defineCheck((${data && `${data}: any`}${path && `${path}''`}) =>`,
    )
    .replace(/^(const|let|var) (\w+)(?= = (?!new RegExp|Object\.))/gm, '$1 $2: any')
    .replace(/^(let|var) (\w+);$/gm, '$1 $2: any;');
}
