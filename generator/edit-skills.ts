import { Node, type ObjectLiteralExpression, Project, type SourceFile, SyntaxKind } from 'ts-morph';
import type { CapabilityModel } from './model.js';

export interface SkillsEdit {
  readonly text: string;
  readonly added: readonly CapabilityModel[];
  readonly notices: readonly string[];
}

/**
 * Adds entries for capabilities to the object that puts an agent's skills together. The syntax tree says where; the text
 * is spliced, so that every other byte stays as it was.
 */
export function addSkills(source: string, agentType: string, capabilities: readonly CapabilityModel[]): SkillsEdit {
  // The parser drops a byte order mark, and its positions do not count it.
  const mark = source.startsWith('\ufeff') ? '\ufeff' : '';
  const text = source.slice(mark.length);
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true });
  const file = project.createSourceFile('/skills.ts', text);
  const unchanged = (notice: string): SkillsEdit => ({ text: source, added: [], notices: [notice] });
  const names = capabilities.map(({ names: { member } }) => member).join(', ');
  if (project.getProgram().getSyntacticDiagnostics(file).length > 0) {
    return unchanged(`skills.ts does not parse, so it was left alone; it lacks ${names}.`);
  }
  const object = findSkills(file, `${agentType}Skills`);
  if (object === null) {
    return unchanged(
      `skills.ts holds no object of type ${agentType}Skills, so it was left alone; add ${names} where yours is.`,
    );
  }
  const present = new Set(object.getProperties().map((property) => nameOf(property)));
  const lacking = capabilities.filter(({ names: { member } }) => !present.has(member));
  if (lacking.length === 0) return { text: source, added: [], notices: [] };
  if (present.has(null)) {
    return unchanged(
      `skills.ts spreads another object into its skills or computes a name, so it was left alone; see that it holds ${names}.`,
    );
  }
  const style = styleOf(file, text);
  const edits = [...entryEdits(object, text, lacking, style), importEdit(file, text, lacking, style)];
  const edited = edits
    .sort((left, right) => right.position - left.position)
    .reduce((result, { position, insert }) => result.slice(0, position) + insert + result.slice(position), text);
  return { text: mark + edited, added: lacking, notices: [] };
}

/** The name of a member, however it is quoted; null for one that only running the file would tell. */
function nameOf(property: Node): string | null {
  if (!Node.hasName(property)) return null;
  const name = property.getName().replace(/^(?:\[\s*)?(['"`])(.*)\1(?:\s*\])?$/, '$2');
  return name.startsWith('[') ? null : name;
}

function findSkills(file: SourceFile, typeName: string): ObjectLiteralExpression | null {
  for (const statement of file.getVariableStatements()) {
    for (const declaration of statement.getDeclarations()) {
      let value: Node | undefined = declaration.getInitializer();
      let isTyped = isTypeOf(declaration.getTypeNode(), typeName);
      while (value !== undefined && (Node.isSatisfiesExpression(value) || Node.isAsExpression(value))) {
        isTyped ||= isTypeOf(value.getTypeNode(), typeName);
        value = value.getExpression();
      }
      if (isTyped && Node.isObjectLiteralExpression(value)) return value;
    }
  }
  return null;
}

/** Whether it is that type, whole or without the skills that are Markdown. */
function isTypeOf(node: Node | undefined, typeName: string): boolean {
  const text = node?.getText() ?? '';
  return text === typeName || new RegExp(`^Omit<\\s*${typeName}\\s*,`).test(text);
}

/** What the file does already, for the new lines to do too. */
interface Style {
  readonly newline: string;
  readonly quote: string;
  readonly semicolon: string;
}

function styleOf(file: SourceFile, text: string): Style {
  const first = file.getImportDeclarations()[0]?.getText() ?? '';
  return {
    newline: text.includes('\r\n') ? '\r\n' : '\n',
    quote: first.includes('"') ? '"' : "'",
    semicolon: first === '' || first.endsWith(';') ? ';' : '',
  };
}

interface Insertion {
  readonly position: number;
  readonly insert: string;
}

function entryEdits(
  object: ObjectLiteralExpression,
  text: string,
  capabilities: readonly CapabilityModel[],
  { newline }: Style,
): Insertion[] {
  const entries = capabilities.map(({ names: { member, value } }) =>
    member === value ? member : `${member}: ${value}`,
  );
  const last = object.getProperties().at(-1);
  if (last === undefined) {
    const insert = entries.map((entry) => `${newline}  ${entry},`).join('') + newline;
    return [{ position: object.getStart() + 1, insert }];
  }
  const isMultiline = object.getStartLineNumber() !== object.getEndLineNumber();
  const { hasTrailingComma, end } = object.compilerNode.properties;
  const lineStart = text.lastIndexOf('\n', last.getStart()) + 1;
  const indent = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';
  const gap = isMultiline ? newline + indent : ' ';
  const insert = entries.map((entry) => gap + entry).join(',');
  const position = isMultiline ? afterComment(text, end) : end;
  if (hasTrailingComma) return [{ position, insert: `${insert},` }];
  return position === end
    ? [{ position, insert: `,${insert}` }]
    : [
        { position, insert },
        { position: end, insert: ',' },
      ];
}

/** Where the line ends, if nothing but a comment is left on it: what is added must not take that comment over. */
function afterComment(text: string, position: number): number {
  const rest = /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/).)*\*\/(?=[ \t]*(?:[\r\n]|$)))/.exec(text.slice(position));
  return position + (rest?.[0].length ?? 0);
}

function importEdit(
  file: SourceFile,
  text: string,
  capabilities: readonly CapabilityModel[],
  { newline, quote, semicolon }: Style,
): Insertion {
  const known = namesIn(file);
  const lines = capabilities
    .filter(({ names: { value } }) => !known.has(value))
    .map(({ names: { value }, skill }) => `import { ${value} } from ${quote}./skills/${skill}.js${quote}${semicolon}`);
  const last = file.getImportDeclarations().at(-1);
  if (lines.length === 0) return { position: 0, insert: '' };
  const insert = lines.join(newline);
  if (last === undefined) {
    const interpreter = /^#!.*\r?\n/.exec(text)?.[0] ?? '';
    return { position: interpreter.length, insert: insert + newline + newline };
  }
  const position = afterComment(text, last.getEnd());
  const hasMore = /^[ \t]*\S/.test(text.slice(position));
  return { position, insert: newline + insert + (hasMore ? newline : '') };
}

/** What the file imports and declares: a skill may come from anywhere. */
function namesIn(file: SourceFile): Set<string> {
  const imported = file
    .getImportDeclarations()
    .flatMap((declaration) => [
      ...declaration.getNamedImports().map((name) => (name.getAliasNode() ?? name.getNameNode()).getText()),
      ...[declaration.getDefaultImport(), declaration.getNamespaceImport()].flatMap((node) => node?.getText() ?? []),
    ]);
  const declared = file.getVariableDeclarations().flatMap((declaration) => {
    const parts = declaration.getNameNode().getDescendantsOfKind(SyntaxKind.BindingElement);
    return parts.length === 0 ? [declaration.getName()] : parts.map((part) => part.getName());
  });
  const named = [...file.getFunctions(), ...file.getClasses()].flatMap((node) => node.getName() ?? []);
  return new Set([...imported, ...declared, ...named]);
}
