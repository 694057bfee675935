import type { CapabilityNode, LintContract } from '../contract.js';
import { eachSchema, type LintRule, type Remark, remarkAt } from '../rule.js';

/** A check of every capability by itself, which is reported at its name. */
function eachCapability(
  message: (capability: CapabilityNode) => string | null,
): (contract: LintContract) => Iterable<Remark> {
  return function* ({ document, capabilities }) {
    for (const capability of capabilities) {
      const text = message(capability);
      if (text !== null) yield { document, path: [...capability.path, 'name'], message: text };
    }
  };
}

/** Rules about what a caller must know besides the schemas. */
export const callRules: readonly LintRule[] = [
  {
    id: 'missing-timeout',
    level: 'warning',
    meaning: 'A capability does not say how long it may take.',
    why: 'Callers wait for 30 seconds then, which is too long for a look-up and too short for a model.',
    fix: 'Add "timeoutMs:" with the time after which nobody needs the answer any more.',
    check: eachCapability(({ name, value }) =>
      value['timeoutMs'] === undefined ? `Nothing says how long "${name}" may take.` : null,
    ),
  },
  {
    id: 'missing-idempotent',
    level: 'warning',
    meaning: 'A capability does not say whether running it twice does harm.',
    why: 'Whoever calls again after a timeout has to know, and without the key it counts as harmful.',
    fix: 'Add "idempotent: true" where running it twice does no harm, and "idempotent: false" where it does.',
    check: eachCapability(({ name, value }) =>
      value['idempotent'] === undefined ? `Nothing says whether running "${name}" twice does harm.` : null,
    ),
  },
  {
    id: 'missing-examples',
    level: 'note',
    meaning: 'A capability has no example.',
    why: 'An example shows at a glance what schemas say at length, and each run of codegen holds it against them.',
    fix: 'Add "examples:" with a name, an input and the output that it leads to.',
    check: eachCapability(({ name, value: { examples } }) =>
      Array.isArray(examples) && examples.length > 0 ? null : `"${name}" has no example.`,
    ),
  },
  {
    id: 'deprecated-without-advice',
    level: 'warning',
    meaning: 'A capability or a schema is deprecated, and nothing says what to use instead.',
    why: 'The warning reaches every caller, and none of them knows what to do about it.',
    fix: 'Write what to use instead: as the value of "deprecated:" of a capability, in the description of a schema.',
    check: function* (contract) {
      for (const { path, name, value } of contract.capabilities) {
        if (value['deprecated'] !== true) continue;
        const message = `"${name}" is deprecated, and nothing says what to use instead.`;
        yield { document: contract.document, path: [...path, 'deprecated'], part: 'key', message };
      }
      yield* deprecatedSchemas(contract);
    },
  },
];

const deprecatedSchemas = eachSchema(function* (node) {
  if (node.schema['deprecated'] !== true || typeof node.schema['description'] === 'string') return;
  const message = 'This is deprecated, and no description says what to use instead.';
  yield remarkAt(node, ['deprecated'], message, { part: 'key' });
});
