import { systemClock } from '../../clock.js';
import type { Delivery } from '../../transport.js';
import { Unburied } from './burial.js';
import type { Client, Fetched, IncomingRecord, Pulse, Reader } from './client.js';
import { createCommits } from './commits.js';
import { type Ledger, openLedger } from './ledger.js';

export interface RequestsOptions {
  readonly client: Client;
  readonly topic: string;
  readonly group: string;
  readonly prefetch: number;
  readonly deliver: (delivery: Delivery) => void;
  /** Keeps a message that cannot be handled. */
  readonly bury: (record: IncomingRecord, reason: string) => Promise<void>;
  /** How long the broker has held what it wrote at a time. */
  readonly ageOf: (timestamp: number) => number | undefined;
  readonly pulse: Pulse;
  readonly onCrash: (error: unknown) => void;
}

/** An inbox, read by a member of its agent's group. */
export interface Requests {
  /** Takes no more. Leaves the group as soon as all that was handed out is settled. */
  stop(): void;
  /** Leaves the group; what is not settled goes to others. */
  leave(): Promise<void>;
  /** Knows no more of the group, which has lost it. */
  abandon(): void;
}

/** A delivery, and which instance of its sender waits for an answer, where that is known. */
export interface KafkaDelivery extends Delivery {
  readonly instance: string | undefined;
}

/** The header of a request that names the instance which asks, and of an answer that names the one which has asked. */
export const INSTANCE_HEADER = 'declaragent-instance';

/** One partition, as long as it is this reader's. */
interface Place {
  ledger: Ledger;
  /** Where the next fetch is to start; undefined where the broker is to say. */
  position: number | undefined;
  /** Where a fetch has started instead. */
  elsewhere: number | undefined;
  /**
   * What was there when the partition came to this reader lies before it, and may have been handed out by one that died too
   * soon to say so. Undefined until something is fetched.
   */
  inherited: number | undefined;
}

interface Waiting {
  readonly place: Place;
  readonly record: IncomingRecord;
}

/** A message that has been handed out so often and never been settled is taken for one that kills its receivers. */
const MAX_DELIVERIES = 5;
/** When a message that was given back is handed out again. */
const AGAIN_AFTER_MS = 250;
/** What may be known of one partition's messages is limited by the size of the text that goes with an offset. */
const MOST_UNSETTLED = 400;
const QUEUE_BYTES = 8 * 2 ** 20;

export async function readRequests(options: RequestsOptions): Promise<Requests> {
  const { client, topic, group, prefetch, deliver, bury, ageOf } = options;
  const places = new Map<number, Place>();
  const timers = new Set<() => void>();
  let owned: readonly number[] = [];
  let member = '';
  let loading: Promise<void> | undefined;
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  let handed = 0;
  let isPaused = false;
  let isStopped = false;
  let leaving: Promise<void> | undefined;
  let current: Reader | undefined;

  const commits = createCommits({
    send: async (states) => current?.commit(states),
    stateOf(partition) {
      const place = places.get(partition);
      return place && { partition, ...place.ledger.save() };
    },
    tenureOf: (partition) => places.get(partition),
  });

  const owns = ({ place, record }: Waiting): boolean => places.get(record.partition) === place;

  const drop = (partition: number): void => {
    handed -= places.get(partition)?.ledger.live ?? 0;
    places.delete(partition);
    commits.drop(partition);
  };

  const empty = (): void => {
    queue = [];
    queuedBytes = 0;
  };

  /** A member that the group has kept has missed no change of hands; for another all may have changed. */
  const onJoined = (reader: Reader, partitions: readonly number[], newMember: string): void => {
    current = reader;
    owned = partitions;
    for (const partition of places.keys()) {
      if (newMember !== member || !partitions.includes(partition)) drop(partition);
    }
    member = newMember;
    empty();
    for (const [partition, place] of places) {
      place.position = place.ledger.resumeAt();
      place.elsewhere = undefined;
      reader.seek(partition, place.position);
    }
    loading = undefined;
    isPaused = false;
    reader.resume();
    if (isStopped) reader.pause();
    commits.resume();
    leaveWhenDone();
  };

  /** Asked for in this generation of the group, so that nobody who had a partition before can add to it. */
  const load = async (joined: readonly number[]): Promise<void> => {
    const committed = await client.committed(group, topic);
    if (owned !== joined) return;
    for (const { partition, offset, metadata } of committed) {
      if (!owned.includes(partition) || places.has(partition)) continue;
      const known = offset >= 0;
      const ledger = openLedger(known ? offset : 0, metadata);
      const position = known ? offset : undefined;
      places.set(partition, { ledger, position, elsewhere: undefined, inherited: undefined });
    }
  };

  const placeOf = async (partition: number): Promise<Place | undefined> => {
    const place = places.get(partition);
    if (place !== undefined || !owned.includes(partition)) return place;
    loading ??= load(owned);
    try {
      await loading;
    } catch (error) {
      loading = undefined;
      throw error;
    }
    return places.get(partition);
  };

  /** Whether what was fetched is what comes next. */
  const follows = (place: Place, { partition, from, to, records }: Fetched): boolean => {
    const { position } = place;
    if (position === undefined || from === position || from === place.elsewhere) return true;
    // A batch that is not read is told of as a whole, and what comes next may lie within.
    if (from < position && position <= to && records[0]?.unread !== undefined) return true;
    if (from < position) {
      // A topic that was deleted and made again: nothing is true any more of what its offsets say.
      drop(partition);
      const ledger = openLedger(from, '');
      places.set(partition, { ledger, position: from, elsewhere: undefined, inherited: undefined });
      return true;
    }
    // Fetched before the group has shared out its partitions again; or the broker has deleted what lies between.
    place.elsewhere = from;
    current?.seek(partition, position);
    return false;
  };

  const onRecords = async (fetched: Fetched): Promise<void> => {
    const { partition, to, end, records } = fetched;
    const found = await placeOf(partition);
    if (found === undefined || isStopped || !follows(found, fetched)) return;
    const place = places.get(partition) ?? found;
    place.position = to;
    place.elsewhere = undefined;
    place.inherited ??= end;
    const [first] = records;
    if (first !== undefined) place.ledger.forgetBefore(first.offset);
    for (const record of records) {
      if (place.ledger.deliveriesOf(record.offset) === undefined) continue;
      queue.push({ place, record });
      queuedBytes += record.value?.length ?? 0;
    }
    pump();
  };

  /** What others have left unsettled is known already. */
  const mayBeHanded = ({ place: { ledger }, record }: Waiting): boolean =>
    record.offset < ledger.next || ledger.unsettled < MOST_UNSETTLED;

  const pump = (): void => {
    while (!isStopped && handed < prefetch) {
      const index = queue.findIndex(mayBeHanded);
      const [waiting] = index === -1 ? [] : queue.splice(index, 1);
      if (waiting === undefined) break;
      queuedBytes -= waiting.record.value?.length ?? 0;
      if (owns(waiting)) handOut(waiting);
    }
    const isFull = queue.length >= 2 * prefetch + 256 || queuedBytes >= QUEUE_BYTES;
    if (isFull && !isPaused) {
      isPaused = true;
      current?.pause();
    } else if (isPaused && !isStopped && queue.length < prefetch + 128 && queuedBytes < QUEUE_BYTES / 2) {
      isPaused = false;
      current?.resume();
    }
  };

  const handOut = (waiting: Waiting): void => {
    const { place, record } = waiting;
    const { partition, offset } = record;
    const before = place.ledger.deliveriesOf(offset);
    if (before === undefined) return;
    place.ledger.hand(offset);
    handed++;
    const delivery = createDelivery(waiting, before > 0);
    if (record.unread !== undefined) {
      // Where that fails, it is put back.
      delivery.reject(record.unread).catch(() => {});
    } else if (before === 0 && offset >= (place.inherited ?? 0)) {
      commits.commitSoon(partition);
      deliver(delivery);
    } else if (before >= MAX_DELIVERIES) {
      const reason = `It was handed out ${before} times and never settled.`;
      delivery.reject(reason).catch(() => {});
    } else {
      // One that kills whoever has it is counted before it does so once more.
      commits.commit(partition).then(
        () => deliver(delivery),
        () => {},
      );
    }
  };

  /** Only of what is owned. */
  const giveUp = ({ place, record }: Waiting, how: 'settle' | 'putBack'): void => {
    place.ledger[how](record.offset);
    handed--;
    queueMicrotask(pump);
    leaveWhenDone();
  };

  const putBack = (waiting: Waiting, afterMs = AGAIN_AFTER_MS): void => {
    if (!owns(waiting)) return;
    giveUp(waiting, 'putBack');
    if (isStopped) return;
    const cancel = systemClock.setTimer(afterMs, () => {
      timers.delete(cancel);
      if (isStopped || !owns(waiting)) return;
      queue.unshift(waiting);
      queuedBytes += waiting.record.value?.length ?? 0;
      pump();
    });
    timers.add(cancel);
  };

  const settle = (waiting: Waiting): Promise<void> => {
    if (!owns(waiting)) return commits.commit(-1);
    // Due before it is given up: who is stopped leaves with the last one, and waits for nothing but what is due.
    const committed = commits.commit(waiting.record.partition);
    giveUp(waiting, 'settle');
    return committed;
  };

  const createDelivery = (waiting: Waiting, redelivered: boolean): KafkaDelivery => {
    const { record } = waiting;
    let isSettled = false;
    const once = async (act: () => Promise<void> | void): Promise<void> => {
      if (isSettled) return;
      isSettled = true;
      await act();
    };
    return {
      bytes: record.value ?? new Uint8Array(),
      ageMs: ageOf(record.timestamp),
      redelivered,
      instance: record.header(INSTANCE_HEADER),
      ack: () => once(() => settle(waiting)),
      nack: () => once(() => putBack(waiting)),
      reject: (reason) =>
        once(async () => {
          try {
            await bury(record, reason);
          } catch (error) {
            putBack(waiting, error instanceof Unburied ? error.againAfterMs : AGAIN_AFTER_MS);
            throw error;
          }
          await settle(waiting);
        }),
    };
  };

  const leaveWhenDone = (): void => {
    if (isStopped && handed === 0) void leave().catch(() => {});
  };

  const leave = (): Promise<void> => {
    leaving ??= (async () => {
      stop();
      commits.flush();
      await commits.idle();
      commits.close();
      await reader.close();
    })();
    return leaving;
  };

  const stop = (): void => {
    if (isStopped) return;
    isStopped = true;
    empty();
    for (const cancel of timers) cancel();
    current?.pause();
    leaveWhenDone();
  };

  const reader = await client.read({
    ...{ group, topic, onRecords, onJoined },
    pulse: options.pulse,
    onCrash: options.onCrash,
    onRebalance: commits.flush,
    onJoining: commits.hold,
    claim: () => ({
      owned: [...places.keys()],
      busy: Array.from(places).flatMap(([partition, { ledger }]) => (ledger.live > 0 ? [partition] : [])),
    }),
  });

  return {
    stop,
    leave,
    abandon() {
      isStopped = true;
      for (const cancel of timers) cancel();
      for (const partition of [...places.keys()]) drop(partition);
      commits.close();
      reader.close().catch(() => {});
    },
  };
}
