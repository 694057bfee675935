/*
 * ajv asks of each property whether it is the object's own, and lists the names of all. Of a plain object, which is what
 * JSON.parse makes, the first need not be asked and the second not be made, and both cost more than all other checks.
 */

/** The start of a block in which a variable is an object. */
const GUARD = /^(?:else )?if\((data\d*) && typeof \1 == "\d+" && !Array\.isArray\(\1\)\)\{$/;
const LOOP = /^for\(const (_key\d+) of Object\.keys\((data\d*)\)\)\{$/;
/** A look at a property by its name, as ajv prints it, and whether it is the object's own. */
const LOOK = /\b(data\d*)(\.\w+|\["\d+"\])( [!=]== undefined)(\) \|\| \(!\(| && )(func\d+\.call\(\1, ("\d+")\))/g;
const OWN_PROPERTY = /^const (func\d+) = Object\.prototype\.hasOwnProperty;$/m;

interface Block {
  /** The variable that is an object in it; undefined for any other block. */
  readonly variable: string | undefined;
  /** The line that opens it. */
  readonly line: number;
}

/** What every object has, whether or not as its own; as ajv prints their names. */
const INHERITED: ReadonlySet<string> = new Set(
  Object.getOwnPropertyNames(Object.prototype).map((name) => JSON.stringify(name)),
);

/** The masked body of checks with `isPlain` of the runtime asked once an object. */
export function trustPlainObjects(body: string, unmask: (masked: string) => string): string {
  const ownProperty = OWN_PROPERTY.exec(body)?.[1];
  if (ownProperty === undefined) return body;
  const blocks: Block[] = [];
  /** By the lines that open blocks, what each is to begin with. */
  const beginnings = new Map<number, string>();

  /** The variable that says whether an object is plain; undefined where it is not known to be an object. */
  const plain = (variable: string): string | undefined => {
    const block = blocks.findLast((each) => each.variable === variable);
    if (block === undefined) return undefined;
    const name = variable.replace('data', 'plain');
    beginnings.set(block.line, `const ${name} = isPlain(${variable});`);
    return name;
  };

  const lines = body.split('\n').map((line, index) => {
    if (line.startsWith('}')) blocks.pop();
    const loop = LOOP.exec(line);
    const [, key = '', walked = ''] = loop ?? [];
    const isPlain = loop === null ? undefined : plain(walked);
    const changed =
      isPlain === undefined
        ? line.replace(LOOK, (look, variable: string, member, test, link, question, placeholder: string) => {
            const name = INHERITED.has(unmask(placeholder)) ? undefined : plain(variable);
            return name === undefined ? look : `${variable}${member}${test}${link}(${name} || ${question})`;
          })
        : `for(const ${key} in ${walked}){\nif(!${isPlain} && !${ownProperty}.call(${walked}, ${key})) continue;`;
    if (line.endsWith('{')) blocks.push({ variable: GUARD.exec(line)?.[1], line: index });
    return changed;
  });
  return lines.flatMap((line, index) => [line, ...(beginnings.has(index) ? [beginnings.get(index)] : [])]).join('\n');
}
