import { createAjv } from '../vocabulary.js';

/** Which formats assert something, and of what; every other name is an annotation. */
export const formats: ReadonlyMap<string, 'string' | 'number'> = new Map(
  Object.entries(createAjv({}).formats).map(([name, format]) => [
    name,
    typeof format === 'object' && 'type' in format && format.type === 'number' ? 'number' : 'string',
  ]),
);
