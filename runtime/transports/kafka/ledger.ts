/** What one partition's readers have done, and what the next of them has to know. */
export interface Ledger {
  /** The first offset that nobody has been handed. */
  readonly next: number;
  /** What this reader has been handed and has not settled. */
  readonly live: number;
  /** How many of those below `next` are not settled. */
  readonly unsettled: number;
  /** How often an offset has been handed out before; undefined where it is settled, or somebody has it. */
  deliveriesOf(offset: number): number | undefined;
  /** It is handed out once more. */
  hand(offset: number): void;
  settle(offset: number): void;
  /** It is nobody's at present, and not settled. */
  putBack(offset: number): void;
  /** What was handed out before and lies before `offset` is not there any more. */
  forgetBefore(offset: number): void;
  /** Where to read from after a pause. */
  resumeAt(): number;
  /** What to commit: the first offset that is not settled, and what is known of those after it. */
  save(): Saved;
}

export interface Saved {
  readonly offset: number;
  readonly metadata: string;
}

const FORM = /^d1;([0-9a-z]+)((?:;[0-9a-z]+:[0-9a-z]+)*)$/;

/**
 * Kafka remembers one offset for each group and partition, and a text with it. The text says which offsets after that one
 * have been handed out and are not settled, and how often: what it does not name is settled. So a message is acknowledged
 * for good while one before it still runs, and comes to nobody again.
 */
export function openLedger(offset: number, metadata: string): Ledger {
  const [, ahead = '0', list = ''] = FORM.exec(metadata) ?? [];
  let next = offset + Number.parseInt(ahead, 36);
  /** Offsets below `next`, in the order of their values, and how often each was handed out. */
  const open = new Map<number, number>();
  const live = new Set<number>();
  for (const entry of list.split(';').slice(1)) {
    const [delta = '', count = ''] = entry.split(':');
    open.set(offset + Number.parseInt(delta, 36), Number.parseInt(count, 36));
  }

  return {
    get next() {
      return next;
    },
    get live() {
      return live.size;
    },
    get unsettled() {
      return open.size;
    },
    deliveriesOf: (at) => (at >= next ? 0 : live.has(at) ? undefined : open.get(at)),
    hand(at) {
      open.set(at, (open.get(at) ?? 0) + 1);
      live.add(at);
      next = Math.max(next, at + 1);
    },
    settle(at) {
      open.delete(at);
      live.delete(at);
    },
    putBack: (at) => live.delete(at),
    forgetBefore(limit) {
      for (const at of open.keys()) {
        if (at < limit && !live.has(at)) open.delete(at);
      }
    },
    resumeAt() {
      let at = next;
      for (const one of open.keys()) if (!live.has(one)) at = Math.min(at, one);
      return at;
    },
    save() {
      const at = first(open, next);
      if (at === next) return { offset: next, metadata: '' };
      const entries = Array.from(open, ([one, count]) => `;${(one - at).toString(36)}:${count.toString(36)}`);
      return { offset: at, metadata: `d1;${(next - at).toString(36)}${entries.join('')}` };
    },
  };
}

/** Not always the first that was added: offsets are handed out again in any order. */
function first(open: ReadonlyMap<number, number>, otherwise: number): number {
  let least = otherwise;
  for (const at of open.keys()) least = Math.min(least, at);
  return least;
}
