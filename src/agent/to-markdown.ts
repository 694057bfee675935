const MAX_DEPTH = 6;

/** A value as a list in Markdown, or as one line. It comes from outside: no line of it starts anything of its own. */
export function toMarkdown(value: unknown, depth = 0): string {
  if (!isComposite(value)) return scalar(value);
  const indent = '  '.repeat(depth);
  if (depth > MAX_DEPTH) return `${indent}- …`;
  const lines = Array.isArray(value)
    ? value.map((item) => (isComposite(item) ? `${indent}-${nested(item, depth)}` : `${indent}- ${scalar(item)}`))
    : Object.entries(value).map(([name, member]) => {
        const label = `${indent}- **${scalar(name)}**:`;
        return isComposite(member) ? `${label}${nested(member, depth)}` : `${label} ${scalar(member)}`;
      });
  return lines.length === 0 ? `${indent}- nothing` : lines.join('\n');
}

function nested(value: object, depth: number): string {
  const isEmpty = (Array.isArray(value) ? value : Object.keys(value)).length === 0;
  return isEmpty ? ' none' : `\n${toMarkdown(value, depth + 1)}`;
}

function isComposite(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function scalar(value: unknown): string {
  return String(value).replace(/\s+/g, ' ');
}
