import { type Path, valueAt } from '../json.js';
import type { Gap } from './gap.js';
import type { SchemaNode } from './schema-node.js';

/** Which way a schema has gone, and whether old callers meet it. */
interface Sense {
  readonly way: 'narrowed' | 'widened';
  readonly isFelt: boolean;
}

/** Whether a gap is there because the new schema declares a property that the old one does not. */
export function isNewProperty({ reason, name, declared }: Gap, newNodes: readonly SchemaNode[]): boolean {
  if (name === undefined) return false;
  if (reason === 'undeclared') return newNodes.some(({ side }) => side === declared?.side);
  return reason === 'closed' && newNodes.some(({ schema }) => valueAt(schema, ['properties', name]) !== undefined);
}

/** `"findings[].severity" in the input of "review"`, or the whole. */
export function subjectOf({ trail, reason, keyword: word, name }: Gap, title: string, isNew: boolean): string {
  const parent = reason === 'undeclared' || word === '' ? trail : trail.slice(0, -1);
  const tokens = isNew && reason === 'closed' && name !== undefined ? [...parent, 'properties', name] : parent;
  const path = dataPath(tokens);
  return path === '' ? `${title.charAt(0).toUpperCase()}${title.slice(1)}` : `"${path}" in ${title}`;
}

/** The steps into a value that a trail through its schema makes. */
function dataPath(trail: Path): string {
  let path = '';
  for (let index = 0; index < trail.length; index++) {
    const token = trail[index];
    if (token === 'properties') path += `${path === '' ? '' : '.'}${trail[++index] ?? ''}`;
    else if (token === 'patternProperties') path += `[/${trail[++index] ?? ''}/]`;
    else if (token === 'prefixItems') path += `[${trail[++index] ?? ''}]`;
    else if (token === 'items' || token === 'unevaluatedItems') path += '[]';
    else if (token === 'additionalProperties' || token === 'unevaluatedProperties') path += '[…]';
    else if (token === 'allOf' || token === 'anyOf' || token === 'oneOf') index++;
  }
  return path;
}

/** What has happened to the subject. */
export function sentenceOf({ reason, keyword: word, name }: Gap, { way, isFelt }: Sense, isNew: boolean): string {
  const isNarrowed = way === 'narrowed';
  if (isNew) return newPropertySentence(reason === 'closed', isNarrowed, isFelt);
  const property = name === undefined ? 'properties that are not listed' : `the property "${name}"`;
  switch (reason) {
    case 'type':
      return isNarrowed ? 'may be of fewer types than it could.' : 'may be of more types than it could.';
    case 'value':
      return isNarrowed ? 'may have fewer values than it could.' : 'may have more values than it could.';
    case 'bound':
      return isNarrowed ? `is held to a tighter ${word}.` : `is no longer held to the old ${word}.`;
    case 'pattern':
      return isNarrowed ? `is held to another ${word}.` : `is no longer held to the old ${word}.`;
    case 'required':
      return isNarrowed ? `must have ${property} now.` : `may lack ${property} now.`;
    case 'closed':
      return isNarrowed ? `may no longer have ${property}.` : `may have ${property}, which the old schema refuses.`;
    case 'undeclared':
      return isNarrowed
        ? 'is declared now, and could be anything before.'
        : 'is no longer declared, and may be anything.';
    case 'union':
      return isNarrowed
        ? `does not always fit the alternatives of ${word} any more.`
        : `does not always fit the old alternatives of ${word}.`;
    case 'condition':
      return isNarrowed
        ? `must meet a condition of ${word || 'its schema'} now.`
        : `need not meet the old condition of ${word || 'its schema'}.`;
  }
}

function newPropertySentence(wasClosed: boolean, isNarrowed: boolean, isFelt: boolean): string {
  if (!isFelt) return 'is new.';
  if (wasClosed) return 'is new, and old callers refuse an answer that has it.';
  return isNarrowed
    ? 'is new, and the object was open: a caller may have sent anything under that name.'
    : 'is new, and old callers may expect something else under that name.';
}

/** That it cannot be decided whether a change breaks anybody, and why. */
export function undecided(gap: Gap, title: string): string {
  const subject = subjectOf(gap, title, false);
  return gap.isGivenUp
    ? `Whether ${title} is still compatible cannot be decided: the schemas are too large to compare.`
    : `${subject} has changed, and whether it is still compatible cannot be decided because of its ${gap.keyword || 'schema'}.`;
}

/** The sentence about a value that shows it, beginning with a space; nothing without one. */
export function exampleOf(shown: string | undefined, { way, isFelt }: Sense): string {
  if (shown === undefined) return '';
  if (way === 'narrowed') {
    return isFelt
      ? ` For example, ${shown} was accepted there and is refused now.`
      : ` For example, ${shown} may no longer stand there.`;
  }
  return isFelt
    ? ` For example, ${shown} may stand there now, and old callers refuse it.`
    : ` For example, ${shown} is accepted there now.`;
}
