import type { CapabilityModel, ErrorModel } from '../model.js';
import type { Change } from './change.js';
import { compareFields } from './compare-fields.js';
import { compareSchemas, type SchemaPair } from './compare-schemas.js';
import { compareTransports } from './compare-transports.js';
import { compareTypes } from './compare-types.js';
import type { RuleId } from './rules.js';
import { capabilityOf, pathOfCapability, pathOfError, type Version } from './version.js';

/** How long a call may take unless its contract says so; what the runtime has as its own. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Every change of a contract, in no order. */
export function compareContracts(older: Version, newer: Version): Change[] {
  const added = newer.model.capabilities.filter(({ name }) => capabilityOf(older, name) === undefined);
  return [
    ...compareAgent(older, newer),
    ...compareTransports(older, newer),
    ...older.model.capabilities.flatMap((before) => {
      const after = capabilityOf(newer, before.name);
      return after === undefined ? [removed(older, newer, before)] : compareCapability(older, newer, before, after);
    }),
    ...added.map((capability): Change => {
      const path = pathOfCapability(newer, capability.name);
      return {
        rule: 'capability-added',
        capabilities: [capability.name],
        trail: [],
        message: () => `The capability "${capability.name}" is new.`,
        place: newer.files.main.place([...path, 'name']),
        before: null,
        after: capability.name,
      };
    }),
    ...compareTypes(older, newer),
  ];
}

function compareAgent(older: Version, newer: Version): Change[] {
  const changes: Change[] = [];
  const note = (rule: RuleId, word: string, message: string, before: unknown, after: unknown): void => {
    changes.push({
      ...{ rule, capabilities: [], trail: [word], message: () => message, before, after },
      place: newer.files.main.place([word]),
      related: { place: older.files.main.place([word]), message: 'It was' },
    });
  };
  const [before, after] = [older.model, newer.model];
  if (before.agent !== after.agent) {
    note(
      'agent-renamed',
      'agent',
      `The agent is ${after.agent} now; it was ${before.agent}.`,
      before.agent,
      after.agent,
    );
  }
  if (before.description !== null && before.description !== after.description) {
    note(
      'description-changed',
      'description',
      'The agent has another description.',
      before.description,
      after.description,
    );
  }
  return changes;
}

function removed(older: Version, newer: Version, { name }: CapabilityModel): Change {
  return {
    rule: 'capability-removed',
    capabilities: [name],
    trail: [],
    message: () => `The capability "${name}" is gone.`,
    place: newer.files.main.place(['capabilities'], 'key'),
    related: { place: older.files.main.place([...pathOfCapability(older, name), 'name']), message: 'It was' },
    before: name,
    after: null,
  };
}

function compareCapability(older: Version, newer: Version, before: CapabilityModel, after: CapabilityModel): Change[] {
  const { name } = before;
  const [oldPath, newPath] = [pathOfCapability(older, name), pathOfCapability(newer, name)];
  const pairs: SchemaPair[] = (['input', 'output'] as const).map((direction) => ({
    direction,
    capability: name,
    title: (whose) => `the ${direction} of ${whose}`,
    trail: [direction],
    older: older.side.node(before[direction].schema),
    newer: newer.side.node(after[direction].schema),
    oldPath: [...oldPath, `${direction}Schema`],
    newPath: [...newPath, `${direction}Schema`],
    seeds: valuesIn((direction === 'input' ? before : after).examples.map((example) => example[direction])),
  }));
  return [
    ...compareHints(older, newer, before, after),
    ...compareErrors(older, newer, before, after),
    ...pairs.flatMap((pair) => [...compareSchemas(older, newer, pair), ...compareFields(older, newer, pair)]),
  ];
}

/** How many values of examples are tried as counterexamples. */
const MOST_SEEDS = 300;

/** Values and all that is inside them. */
function valuesIn(values: readonly unknown[]): unknown[] {
  const found = [...values];
  for (const value of found) {
    if (typeof value === 'object' && value !== null && found.length < MOST_SEEDS) found.push(...Object.values(value));
  }
  return found;
}

/** What a capability says of itself besides its schemas. */
function compareHints(older: Version, newer: Version, before: CapabilityModel, after: CapabilityModel): Change[] {
  const { name } = before;
  const changes: Change[] = [];
  const note = (
    rule: RuleId,
    word: 'idempotent' | 'timeoutMs' | 'description' | 'deprecated',
    message: string,
  ): void => {
    changes.push({
      ...{ rule, capabilities: [name], trail: [word], message: () => message },
      place: newer.files.main.place([...pathOfCapability(newer, name), word]),
      related: { place: older.files.main.place([...pathOfCapability(older, name), word]), message: 'It was' },
      before: before[word],
      after: after[word],
    });
  };
  if (before.idempotent && !after.idempotent)
    note('idempotent-removed', 'idempotent', `"${name}" is no longer idempotent.`);
  const [oldTimeout, newTimeout] = [before.timeoutMs ?? DEFAULT_TIMEOUT_MS, after.timeoutMs ?? DEFAULT_TIMEOUT_MS];
  if (newTimeout < oldTimeout) {
    const message = `A call of "${name}" may take ${newTimeout} ms, and could take ${oldTimeout} ms.`;
    note('timeout-lowered', 'timeoutMs', message);
  }
  if (before.description !== null && before.description !== after.description) {
    const what = after.description === null ? 'has no description any more' : 'has another description';
    note('description-changed', 'description', `"${name}" ${what}.`);
  }
  if (before.deprecated === null && after.deprecated !== null)
    note('deprecated-added', 'deprecated', `"${name}" is deprecated.`);
  return changes;
}

function compareErrors(older: Version, newer: Version, before: CapabilityModel, after: CapabilityModel): Change[] {
  const { name } = before;
  const find = (errors: readonly ErrorModel[], code: string): ErrorModel | undefined =>
    errors.find((error) => error.code === code);
  const note = (rule: RuleId, code: string, message: string, old?: ErrorModel, now?: ErrorModel): Change => ({
    ...{ rule, capabilities: [name], trail: ['errors', code], message: () => message },
    place: newer.files.main.place(pathOfError(newer, name, code)),
    ...(old === undefined
      ? {}
      : { related: { place: older.files.main.place(pathOfError(older, name, code)), message: 'It was' } }),
    before: old?.details?.schema ?? null,
    after: now?.details?.schema ?? null,
  });
  const gone = before.errors
    .filter(({ code }) => find(after.errors, code) === undefined)
    .map((error) => note('error-removed', error.code, `"${name}" no longer declares the error ${error.code}.`, error));
  const added = after.errors
    .filter(({ code }) => find(before.errors, code) === undefined)
    .map((error) =>
      note('error-added', error.code, `"${name}" may answer with the error ${error.code}.`, undefined, error),
    );
  const kept = before.errors.flatMap((old) => {
    const now = find(after.errors, old.code);
    if (now === undefined || (old.details === null && now.details === null)) return [];
    const subject = `The error ${old.code} of "${name}"`;
    if (now.details === null)
      return [note('error-details-removed', old.code, `${subject} has no details any more.`, old, now)];
    if (old.details === null) return [note('error-details-added', old.code, `${subject} has details.`, old, now)];
    return compareSchemas(older, newer, {
      direction: 'error-details',
      capability: name,
      title: (whose) => `the details of ${old.code} of ${whose}`,
      trail: ['errors', old.code, 'details'],
      older: older.side.node(old.details.schema),
      newer: newer.side.node(now.details.schema),
      oldPath: [...pathOfError(older, name, old.code), 'detailsSchema'],
      newPath: [...pathOfError(newer, name, old.code), 'detailsSchema'],
      seeds: [],
    });
  });
  return [...gone, ...added, ...kept];
}
