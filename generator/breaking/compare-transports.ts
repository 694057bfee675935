import { isObject, type JsonObject, type Path } from '../json.js';
import { canonical } from './canonical.js';
import type { Change } from './change.js';
import type { RuleId } from './rules.js';
import type { Version } from './version.js';

/** Where a broker is found. Callers that know one of the addresses reach it. */
const ADDRESSES = ['brokers', 'servers', 'url', 'region', 'endpoint'];

/** How messages are passed on, which both ends must agree about. What else there is belongs to this end alone. */
const DELIVERY = ['jetstream', 'quorum', 'fifo', 'ssl', 'tls'];

interface Block {
  readonly kind: string;
  readonly value: JsonObject;
  readonly path: Path;
}

/** Finds the ways to an agent that callers of the old contract know and that are gone. */
export function compareTransports(older: Version, newer: Version): Change[] {
  const [before, after] = [blocksOf(older), blocksOf(newer)];
  const changes: Change[] = [];
  const note = (rule: RuleId, message: string, old: Block | null, now: Block | null, ...words: string[]): void => {
    const kind = old?.kind ?? now?.kind ?? '';
    changes.push({
      rule,
      capabilities: [],
      trail: ['transports', kind, ...words],
      message: () => message,
      place: newer.files.main.place([...(now?.path ?? ['transports']), ...words], now === null ? 'key' : 'value'),
      ...(old === null
        ? {}
        : { related: { place: older.files.main.place([...old.path, ...words]), message: 'It was' } }),
      before: old?.value ?? null,
      after: now?.value ?? null,
    });
  };
  for (const old of before) {
    const same = after.filter(({ kind }) => kind === old.kind);
    const [nearest] = same;
    if (nearest === undefined) {
      note('transport-removed', `The agent no longer listens on ${old.kind}.`, old, null);
      continue;
    }
    const topic = topicOf(old, older);
    const listening = same.filter((block) => topicOf(block, newer) === topic);
    const [still] = listening;
    // A new agent's default topic is another one, and the new name is what callers must change.
    if (still === undefined) {
      const now = topicOf(nearest, newer);
      if (older.model.agent === newer.model.agent) {
        const message = `Requests on ${old.kind} are read from "${now}"; they were from "${topic}".`;
        note('transport-topic-changed', message, old, nearest, wordOf(nearest));
      }
      continue;
    }
    if (!listening.some((block) => sharesAddress(old, block))) {
      const message = `The broker of ${old.kind} has another address than callers know.`;
      note('transport-broker-changed', message, old, still);
    }
    const changed = DELIVERY.find((word) => canonical(old.value[word]) !== canonical(still.value[word]));
    if (changed !== undefined) {
      const message = `Whether callers still reach the agent on ${old.kind} cannot be decided: ${changed} has changed.`;
      note('transport-undecided', message, old, still, changed);
    }
  }
  for (const now of after) {
    if (before.some(({ kind }) => kind === now.kind)) continue;
    note('transport-added', `The agent listens on ${now.kind} as well.`, null, now);
  }
  return changes;
}

function blocksOf({ files }: Version): Block[] {
  const list = isObject(files.main.value) ? files.main.value['transports'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) =>
    isObject(value) ? [{ kind: String(value['kind']), value, path: ['transports', index] }] : [],
  );
}

/** Under which word a broker's block names its topics. */
function wordOf({ value }: Block): string {
  return ['topics', 'subjects', 'queues'].find((word) => value[word] !== undefined) ?? 'kind';
}

function topicOf(block: Block, { model }: Version): string {
  const names = block.value[wordOf(block)];
  const given = isObject(names) ? names['requests'] : undefined;
  return typeof given === 'string' ? given : `agents.${model.id}.requests`;
}

function sharesAddress(old: Block, now: Block): boolean {
  return ADDRESSES.every((word) => {
    const [before, after] = [[old.value[word] ?? []].flat(), [now.value[word] ?? []].flat()];
    return before.length === 0 ? after.length === 0 : before.some((one) => after.includes(one));
  });
}
