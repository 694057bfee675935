/**
 * The one call that is measured, with about 1 KB each way: an echo, so that every answer can be told right from wrong.
 * Each row says the same rules in the words of its own library.
 */

export const AGENT = 'agent://bench';

export const CATEGORIES = ['correctness', 'security', 'style'];
export const SEVERITIES = ['error', 'warning', 'info'];

const finding = {
  type: 'object',
  properties: {
    file: { type: 'string', minLength: 1, maxLength: 200 },
    line: { type: 'integer', minimum: 1 },
    severity: { enum: SEVERITIES },
    rule: { type: 'string', maxLength: 60 },
    message: { type: 'string', maxLength: 400 },
  },
  required: ['file', 'line', 'severity', 'rule', 'message'],
  additionalProperties: false,
};

/** What goes there and comes back. */
export const REVIEW_SCHEMA = {
  type: 'object',
  properties: {
    number: { type: 'integer', minimum: 0 },
    repository: { type: 'string', pattern: '^[a-z0-9-]+/[a-z0-9-]+$', maxLength: 100 },
    category: { enum: CATEGORIES },
    draft: { type: 'boolean' },
    confidence: { type: 'number', minimum: 0, maximum: 1 },
    labels: { type: 'array', items: { type: 'string', maxLength: 40 }, maxItems: 20 },
    findings: { type: 'array', items: finding, maxItems: 50 },
  },
  required: ['number', 'repository', 'category', 'draft', 'confidence', 'labels', 'findings'],
  additionalProperties: false,
};

/** A review whose number tells it from all others. */
export function createReview(number) {
  return {
    number,
    repository: 'acme/payments-gateway',
    category: CATEGORIES[number % CATEGORIES.length],
    draft: number % 2 === 0,
    confidence: 0.8125,
    labels: ['backend', 'needs-review', 'overdue'],
    findings: Array.from({ length: 6 }, (_, index) => ({
      file: `src/payments/settlement/step-${index}.ts`,
      line: 17 + index * 31,
      severity: SEVERITIES[index % SEVERITIES.length],
      rule: 'unchecked-result',
      message: `The result of "settle" is not checked (${index}).`,
    })),
  };
}

/** capabilities.yaml, which JSON is too. */
export function contractText() {
  const capability = {
    name: 'review-change',
    description: 'Answers with the review that it is given.',
    idempotent: true,
    inputSchema: REVIEW_SCHEMA,
    outputSchema: REVIEW_SCHEMA,
  };
  return JSON.stringify({ version: 1, agent: AGENT, transports: [{ kind: 'memory' }], capabilities: [capability] });
}
