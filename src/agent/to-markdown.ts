const MAX_DEPTH = 6;

/** A value as a list in Markdown, or as one line. It comes from outside: no line of it starts anything of its own. */
export function toMarkdown(value: unknown, depth = 0): string {
  if (!isComposite(value)) return scalar(value);
  const indent = '  '.repeat(depth);
  if (depth > MAX_DEPTH) return `${indent}- …`;
  const lines = Array.isArray(value)
    ? value.map((item) => `${indent}-${isComposite(item) ? nested(item, depth) : ` ${scalar(item)}`}`)
    : Object.entries(value).map(([name, member]) => {
        const label = `${indent}- **${scalar(name)}**:`;
        return isComposite(member) ? `${label}${nested(member, depth)}` : `${label} ${scalar(member)}`;
      });
  return lines.length === 0 ? `${indent}- nothing` : lines.join('\n');
}

function nested(value: object, depth: number): string {
  const members = Object.entries(value);
  if (members.length === 0) return ' none';
  const isRow = !Array.isArray(value) && members.every(([, member]) => !isComposite(member));
  if (isRow) return ` ${members.map(([name, member]) => `**${scalar(name)}**: ${scalar(member)}`).join('; ')}`;
  return `\n${toMarkdown(value, depth + 1)}`;
}

function isComposite(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function scalar(value: unknown): string {
  return String(value).replace(/\s+/g, ' ');
}
