import { trustPlainObjects } from './plain-objects.js';
import { escapeHidden, indentBlocks } from './print.js';

/*
 * ajv writes the body of each validator. Its output is JavaScript for a CommonJS world: it requires ajv's own files,
 * keeps results on function objects and has no types. The passes below turn it into a TypeScript module on
 * @declaragent/runtime. They rely on ajv printing one statement a line, see every string as a placeholder, and refuse
 * to go on when the output holds something they do not know.
 */

/** Text with every string literal and every property of data replaced, so that no pass can touch what a schema says. */
interface Masked {
  readonly text: string;
  unmask(text: string): string;
}

function maskCode(code: string): Masked {
  const strings: string[] = [];
  const names: string[] = [];
  const text = code
    // ajv leaves characters that hide or reorder text as they are.
    .replace(/"(?:[^"\\\n]|\\.)*"/g, (string) => `"${strings.push(escapeHidden(string)) - 1}"`)
    // A property may be called `function`, or like a variable of ajv's.
    .replace(
      /\b(data\d*|props\d+|key\d+)\.([A-Za-z_$][\w$]*)/g,
      (_, object: string, name: string) => `${object}.name${names.push(name) - 1}_`,
    );
  const unmask = (masked: string): string =>
    masked.replace(/\.name(\d+)_|"(\d+)"/g, (_, name: string | undefined, string: string) =>
      name === undefined ? (strings[Number(string)] ?? '') : `.${names[Number(name)]}`,
    );
  return { text, unmask };
}

/** What ajv printed, as a part of a TypeScript module. */
export interface ValidatorModule {
  /** Constants: what the checks share, and the checks. */
  readonly body: string;
  /** The name of the check for each schema that ajv was given, by the name it was given under. */
  readonly functions: ReadonlyMap<string, string>;
  /** What the body uses of the runtime. */
  readonly uses: readonly string[];
  /** What the body uses of other modules. */
  readonly calls: readonly string[];
}

/** What a body may use of the runtime. */
const USABLE = ['addViolation', 'addViolations', 'codePointLength', 'deepEqual', 'defineCheck', 'formats', 'isPlain'];

/** `shared` has what ajv calls `shared0`, `shared1` and so on: the names of functions in other modules. */
export function toModule(code: string, shared: readonly string[] = []): ValidatorModule {
  const { text, unmask } = maskCode(code);
  const strings = (placeholder: string): unknown => JSON.parse(unmask(placeholder));
  const functions = new Map<string, string>();
  // First, since half of the text goes with it.
  let body = compactViolations(text.replace(/^"\d+";\n/, ''));
  body = body.replace(/^export const (\w+) = (\w+);\n/gm, (_, name: string, check: string) => {
    functions.set(name, check);
    return '';
  });
  body = body.replace(/require\(("\d+")\)\.default/g, (_, path: string) => runtimeNameOf(strings(path)));
  // As a plain key of an object literal it would set the prototype.
  if (code.includes('"__proto__"')) {
    body = body.replace(/(?<=[{,])("\d+")(?=:)/g, (name) => (unmask(name) === '"__proto__"' ? `[${name}]` : name));
  }
  body = inlineWrappers(body);
  body = simplifyCalls(body);
  body = dropUnused(body);
  body = trustPlainObjects(withoutNarrowing(annotate(body)), unmask);
  const unknown = /\brequire\b|\bwrapper\d|\bdynamicAnchors\b|\bparentData\b|\bfunction\b|\bimport\b/.exec(body);
  if (unknown !== null) throw new Error(`ajv's output holds "${unknown[0]}", which the module form has no place for.`);
  const uses = USABLE.filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  const calls = new Set<string>();
  const named = body.replace(/\bshared(\d+)\b/g, (_, index: string) => {
    const name = shared[Number(index)] ?? '';
    calls.add(name);
    return name;
  });
  const unmasked = unmask(named)
    .trim()
    .replace(/\n{2,}/g, '\n');
  return { body: indentBlocks(unmasked), functions, uses, calls: [...calls] };
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
  return (
    body
      .replace(
        /^function (\w+)\(data, \{instancePath="\d+", [^\n]*\}=\{\}\)\{$/gm,
        'const $1 = defineCheck((data, instancePath = "") => {',
      )
      // ajv copies all that was found before for each call that finds more.
      .replace(
        /^vErrors = vErrors === null \? (\w+)\.errors : vErrors\.concat\(\1\.errors\);$/gm,
        'vErrors = addViolations(vErrors, $1.errors);',
      )
      .replace(/\{instancePath,parentData[^\n]*?,rootData,dynamicAnchors\}/g, 'instancePath')
      .replace(/\{instancePath:([^\n]+?),parentData:[^\n]*?,rootData,dynamicAnchors\}/g, '$1')
      .replace(/^return (errors === 0|true|false);\n\}$/gm, 'return $1;\n});')
  );
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
    module.push(...withoutUnusedParameters(withoutUnused(withoutNever(lines.slice(start, index + 1)))));
    start = -1;
  }
  return withoutUnused(module).join('\n');
}

const END_OF_CHECK = /^\}\);$/;

/** The lines without blocks that never run, which the compiler reads in a way of its own. */
function withoutNever(lines: readonly string[]): readonly string[] {
  if (!lines.some((line) => line.endsWith(NEVER))) return lines;
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line !== NEVER && line !== `else ${NEVER}`) {
      kept.push(line);
      continue;
    }
    index = endOfBlock(lines, index);
    const next = lines[index + 1];
    // What stands behind `else` always runs, or goes by a condition of its own.
    if (line !== NEVER || next?.startsWith('else ') !== true) continue;
    kept.push(next.slice('else '.length));
    index++;
  }
  return withoutNever(kept);
}

const NEVER = 'if(false){';

/**
 * The lines without variables that nothing reads and without blocks in which nothing is left. ajv has an optimizer that
 * does this and more, and takes as long for it as for all the rest.
 */
function withoutUnused(lines: readonly string[]): string[] {
  const targets = lines.map((line) => (line.endsWith(';') ? TARGET.exec(line)?.[1] : undefined));
  const reads = new Map<string, number>();
  for (const [index, name] of targets.entries()) {
    if (name !== undefined && STARTS_DECLARATION.test(lines[index] ?? '')) reads.set(name, 0);
  }
  const numbered = numberedNames([...reads.keys()]);
  const statements = lines.map((line, index) => {
    const target = targets[index];
    const names = line.match(numbered)?.filter((name) => reads.has(name)) ?? [];
    // Being written is not being read.
    if (target !== undefined && names[0] === target) names.shift();
    return { line, target, names };
  });
  const add = (names: readonly string[], by: number): void => {
    for (const name of names) reads.set(name, (reads.get(name) ?? 0) + by);
  };
  for (const { names } of statements) add(names, 1);
  let kept = statements;
  // From the end, since what is read last is what keeps the rest.
  for (let before = -1; before !== kept.length; ) {
    before = kept.length;
    const following: typeof kept = [];
    for (let index = kept.length - 1; index >= 0; index--) {
      const statement = kept[index] as (typeof kept)[number];
      const { line, target, names } = statement;
      const isEmptyBlock = following.at(-1)?.line === '}' && line.endsWith('{') && BLOCK.test(line);
      if (target !== undefined && reads.get(target) === 0) {
        add(names, -1);
      } else if (isEmptyBlock && following.at(-2)?.line.startsWith('else') !== true) {
        add(names, -1);
        following.pop();
      } else {
        following.push(statement);
      }
    }
    kept = following.reverse();
  }
  return kept.map(({ line }) => line);
}

/** A variable that a line declares or assigns to, and does no more. ajv gives each of them a number. */
const TARGET = /^(?:(?:const|let|var) )?(\w+\d)(?: = (?!defineCheck)[^\n]*)?;$/;
const STARTS_DECLARATION = /^(?:const|let|var) /;
/** The line before a block that can go when it is empty. */
const BLOCK = /^(?:if\(|else |for\()/;

/** Finds names that are like those given but for the number at their end. */
function numberedNames(names: readonly string[]): RegExp {
  const stems = [...new Set(names.map((name) => name.replace(/\d+$/, '')))].sort().join('|');
  const known = numberedByStems.get(stems) ?? new RegExp(`\\b(?:${stems})\\d+\\b`, 'g');
  numberedByStems.set(stems, known);
  return known;
}

const numberedByStems = new Map<string, RegExp>();

/** A schema that accepts everything looks at nothing, and one that refuses everything only says where. */
function withoutUnusedParameters([head = '', ...lines]: readonly string[]): string[] {
  const isUsed = (name: string): boolean => {
    const use = new RegExp(`\\b${name}\\b`);
    return lines.some((line) => use.test(line));
  };
  const path = isUsed('instancePath') ? ['instancePath = ""'] : [];
  const parameters = isUsed('data') ? ['data', ...path] : path.length > 0 ? ['_data', ...path] : [];
  return [head.replace('(data, instancePath = "")', `(${parameters.join(', ')})`), ...lines];
}

/** ajv's bodies walk values of any shape; saying so keeps the compiler from inferring less. */
function annotate(body: string): string {
  return (
    body
      .replace(
        /^const (\w+) = defineCheck\(\((?:(_?data)(, instancePath = )?(?:"")?)?\) =>/gm,
        (_, name: string, data = '', path = '') =>
          `const ${name}: Check = defineCheck((${data && `${data}: any`}${path && `${path}''`}) =>`,
      )
      .replace(/^(const|let|var) (\w+)(?= = (?!new RegExp|Object\.))/gm, '$1 $2: any')
      .replace(/^(let|var) (\w+);$/gm, '$1 $2: any;')
      // The items that uniqueItems has met, by their text; `__proto__` may be one, and the compiler takes no boolean.
      .replace(/^(const indices\d+: any) = \{\};$/gm, '$1 = Object.create(null);')
      .replace(/\b(indices\d+\[)(item\d+)(?=\])/g, '$1String($2)')
  );
}

/**
 * The compiler narrows `any` behind a guard, takes the name of a property for a string, and then objects to what a schema
 * asks further in, such as whether an array is a certain string. Behind `as any` nothing is narrowed.
 */
function withoutNarrowing(body: string): string {
  const lines = body.split('\n');
  const widen = (line: string, index: number): string => {
    if (!line.endsWith('{') || !MAY_NARROW.test(line)) return line;
    if (!NARROWING.some(({ guard }) => line.search(guard) !== -1)) return line;
    const block = lines.slice(index + 1, endOfBlock(lines, index));
    return NARROWING.reduce(
      (text, { guard, widened, isText }) =>
        text.replace(guard, (found, name: string) => {
          const question = questionOf(name, isText);
          return block.some((inner) => question.test(inner)) ? widened(name, found) : found;
        }),
      line,
    );
  };
  return lines.map(widen).join('\n');
}

/** A look at a variable as if nothing were known of it; text may be compared with strings, which are masked. */
function questionOf(name: string, isText: boolean): RegExp {
  const variable = `\\b${name}(?![\\w.[])`;
  const [string, other] = isText ? ['(?<!")', '(?!")'] : ['', ''];
  return new RegExp(
    `typeof ${variable}|isArray\\(${variable}\\)|${variable} [!=]== ${other}|${string} [!=]== ${variable}`,
  );
}

interface Narrowing {
  readonly guard: RegExp;
  readonly widened: (name: string, found: string) => string;
  readonly isText: boolean;
}

/** What gives a variable a type of its own in the block behind it, and how to say it so that it does not. */
const NARROWING: readonly Narrowing[] = [
  // The guard of an object, which stands behind `data && `, narrows nothing.
  { guard: /(?<!!|&& )\btypeof (\w+)(?= ===? )/g, widened: (name) => `typeof (${name} as any)`, isText: false },
  { guard: /(?<!!)\bArray\.isArray\((\w+)\)/g, widened: (name) => `Array.isArray(${name} as any)`, isText: false },
  {
    guard: /(?<=^for)\(const (\w+) of Object\.keys\(\w+\)(?=\)\{$)/g,
    widened: (_, found) => `${found} as any[]`,
    isText: true,
  },
];

/** What stands in every line in which a guard is found, and is quicker to look for. */
const MAY_NARROW = /typeof|isArray|^for\(const/;

/** The line that closes the block which a line opens. */
function endOfBlock(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let index = start; index < lines.length; index++) {
    if (index > start && lines[index]?.startsWith('}')) depth--;
    if (lines[index]?.endsWith('{')) depth++;
    if (depth === 0) return index;
  }
  return lines.length;
}
