/**
 * The contract that is measured: capabilities of 8 properties each, with nested objects, enums, arrays, a union and
 * references to shared definitions. The same number always gives the same text.
 */

const NOUNS = [
  'order',
  'invoice',
  'review',
  'ticket',
  'shipment',
  'account',
  'report',
  'session',
  'payment',
  'document',
];
const VERBS = ['create', 'find', 'close', 'assign', 'rate', 'export', 'merge', 'cancel', 'verify', 'translate'];

/** A capability's name, unique by its number. */
export function nameOf(index) {
  return `${VERBS[index % 10]}-${NOUNS[Math.floor(index / 10) % 10]}-${index}`;
}

const DEFINITIONS = {
  Money: {
    type: 'object',
    description: 'An amount in the smallest unit of its currency.',
    properties: {
      amount: { type: 'integer', minimum: 0 },
      currency: { type: 'string', enum: ['EUR', 'USD', 'CHF', 'JPY'] },
    },
    required: ['amount', 'currency'],
    additionalProperties: false,
  },
  Person: {
    type: 'object',
    properties: {
      id: { type: 'string', format: 'uuid' },
      name: { type: 'string', minLength: 1, maxLength: 200 },
      email: { type: 'string', format: 'email' },
    },
    required: ['id', 'name'],
    additionalProperties: false,
  },
  Problem: {
    type: 'object',
    properties: { title: { type: 'string', maxLength: 500 }, severity: { enum: ['low', 'medium', 'high'] } },
    required: ['title'],
  },
};

function ref(name) {
  return { $ref: `#/definitions/${name}` };
}

/** The input and output of one capability, as JSON Schema with references to the shared definitions. */
export function schemasOf(index) {
  const noun = NOUNS[Math.floor(index / 10) % 10];
  const input = {
    type: 'object',
    description: `What ${nameOf(index)} needs.`,
    properties: {
      [`${noun}Id`]: {
        type: 'string',
        pattern: '^[a-z0-9-]+$',
        maxLength: 64,
        description: `The ${noun} that is meant.`,
      },
      kind: { type: 'string', enum: ['standard', 'express', `special-${index}`] },
      count: { type: 'integer', minimum: 1, maximum: 1000 + index },
      tags: { type: 'array', items: { type: 'string', maxLength: 40 }, maxItems: 20, uniqueItems: true },
      owner: ref('Person'),
      price: ref('Money'),
      address: {
        type: 'object',
        properties: {
          street: { type: 'string', maxLength: 200 },
          city: { type: 'string', maxLength: 100 },
          country: { type: 'string', minLength: 2, maxLength: 2 },
        },
        required: ['street', 'city'],
        additionalProperties: false,
      },
      target: {
        oneOf: [
          {
            type: 'object',
            properties: { type: { const: 'mail' }, to: { type: 'string', format: 'email' } },
            required: ['type', 'to'],
            additionalProperties: false,
          },
          {
            type: 'object',
            properties: {
              type: { const: 'hook' },
              url: { type: 'string', format: 'uri' },
              retries: { type: 'integer' },
            },
            required: ['type', 'url'],
            additionalProperties: false,
          },
        ],
      },
    },
    required: [`${noun}Id`, 'kind', 'owner'],
    additionalProperties: false,
  };
  const output = {
    type: 'object',
    properties: {
      [`${noun}Id`]: { type: 'string', maxLength: 64 },
      state: { type: 'string', enum: ['open', 'done', 'failed'] },
      createdAt: { type: 'string', format: 'date-time' },
      total: ref('Money'),
      people: { type: 'array', items: ref('Person'), maxItems: 50 },
      problems: { type: 'array', items: ref('Problem'), maxItems: 50 },
      score: { type: 'number', minimum: 0, maximum: 1 },
      note: { type: ['string', 'null'], maxLength: 2000 },
    },
    required: [`${noun}Id`, 'state', 'createdAt'],
    additionalProperties: false,
  };
  return { input, output };
}

export { DEFINITIONS };

/** A capabilities.yaml with so many capabilities; `edit` is added to the description of one in the middle. */
export function contractText(count, edit = '') {
  const lines = [
    'version: 1',
    'agent: agent://bench',
    'transports:',
    '  - kind: memory',
    'definitions:',
    ...Object.entries(DEFINITIONS).flatMap(([name, schema]) => [`  ${name}:`, ...yamlLines(schema, 4)]),
    'capabilities:',
  ];
  for (let index = 0; index < count; index++) {
    const { input, output } = schemasOf(index);
    const marked = index === Math.floor(count / 2) ? edit : '';
    lines.push(
      `  - name: ${nameOf(index)}`,
      `    description: Does what ${nameOf(index)} says.${marked}`,
      '    timeoutMs: 30000',
      '    idempotent: true',
      '    inputSchema:',
      ...yamlLines(input, 6),
      '    outputSchema:',
      ...yamlLines(output, 6),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Block style, as people write it; short lists of scalars in flow style. */
function yamlLines(value, indent) {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const [first, ...rest] = yamlLines(item, indent + 2);
      return [`${pad}- ${first.trimStart()}`, ...rest];
    });
  }
  return Object.entries(value).flatMap(([key, item]) => {
    if (Array.isArray(item) && item.every((inner) => typeof inner !== 'object'))
      return [`${pad}${key}: ${JSON.stringify(item)}`];
    if (typeof item === 'object') return [`${pad}${key}:`, ...yamlLines(item, indent + 2)];
    return [`${pad}${key}: ${typeof item === 'string' ? JSON.stringify(item) : item}`];
  });
}
