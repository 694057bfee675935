import type { Clock } from './clock.js';
import { createGrace, type Grace } from './deadline.js';
import type { InboundMessage } from './inbox.js';
import type { Run } from './run.js';
import type { Implementation } from './skill.js';

/** A message to be run. */
export interface Task {
  readonly message: InboundMessage;
  readonly implementation: Implementation;
  /** What its message is known by among those that have come. */
  readonly key: string;
  /** Milliseconds since the epoch, on this machine's clock. */
  readonly expiresAt: number;
}

/** Which messages run, and which wait until one has ended. */
export interface Workload {
  readonly running: number;
  /** False where the task can neither run nor wait. */
  add(task: Task): boolean;
  /** When it may be worth asking again. */
  retryAfterMs(): number;
  /** Takes out those that wait. */
  takeWaiting(): Task[];
  /** Resolves when nothing runs; nothing must wait. */
  idle(): Promise<void>;
  /** Resolves when what runs has been answered. */
  interrupt(): Promise<unknown>;
}

export interface WorkloadOptions {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly queue: number;
  /** Starts a skill; undefined where it is too late for that. */
  readonly start: (task: Task) => Run | undefined;
  /** The broker has not confirmed that it will not deliver a message again that must not run twice. */
  readonly giveUp: (task: Task) => void;
}

/** How long a broker has at least to confirm an acknowledgement. */
const LEAST_ACK_MS = 1_000;
/** How long a skill is taken to run before any has ended. */
const FIRST_GUESS_MS = 100;

export function createWorkload({ clock, concurrency, queue, start, giveUp }: WorkloadOptions): Workload {
  // Boxed for the reason that pending calls are.
  const runs = new Set<Run[]>();
  const waiting: Task[] = [];
  /** Acknowledgements on their way. */
  const confirming = new Map<Grace, Promise<void>>();
  /** Those that run, and those whose acknowledgement is on its way. */
  let taken = 0;
  let meanMs = FIRST_GUESS_MS;
  let onIdle: () => void = () => {};

  const leave = (): void => {
    taken--;
    while (taken < concurrency && waiting.length > 0) take(waiting.shift() as Task);
    if (taken === 0) onIdle();
  };

  /** False where it was too late. */
  const run = (task: Task): boolean => {
    const startedAt = clock.now();
    const started = start(task);
    if (started === undefined) return false;
    const box = [started];
    runs.add(box);
    void started.done.then(() => {
      runs.delete(box);
      box.pop();
      meanMs += (clock.now() - startedAt - meanMs) / 8;
      leave();
    });
    return true;
  };

  const take = (task: Task): void => {
    taken++;
    const { message, implementation } = task;
    if (implementation.capability.idempotent || !message.via.transport.flags.holdsRequests) {
      if (!run(task)) taken--;
      return;
    }
    // Within a promise, since a transport may throw where it should reject; and it may do neither.
    const acknowledged = new Promise<void>((resolve) => resolve(message.delivery.ack()));
    const grace = createGrace(clock, Math.max(LEAST_ACK_MS, task.expiresAt - clock.now()));
    const ended = grace
      .wait(acknowledged)
      .then(
        () => run(task),
        () => giveUp(task),
      )
      .then((isRunning) => {
        confirming.delete(grace);
        if (!isRunning) leave();
      });
    confirming.set(grace, ended);
  };

  return {
    get running() {
      return runs.size;
    },
    add(task) {
      // A broker that holds messages hands out no more than it is asked for, and those are not to be lost.
      const limit = task.message.via.transport.flags.holdsRequests ? Math.max(queue, concurrency) : queue;
      if (taken < concurrency) take(task);
      else if (waiting.length < limit) waiting.push(task);
      else return false;
      return true;
    },
    retryAfterMs: () => Math.ceil((meanMs * (waiting.length + 1)) / concurrency),
    takeWaiting: () => waiting.splice(0),
    idle: () =>
      new Promise((resolve) => {
        onIdle = resolve;
        if (taken === 0) resolve();
      }),
    interrupt() {
      for (const grace of confirming.keys()) grace.limit(0);
      return Promise.all([...confirming.values(), ...[...runs].flat().map((run) => run.interrupt())]);
    },
  };
}
