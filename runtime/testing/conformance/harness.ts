import type { Clock } from '../../clock.js';
import type { Transport, TransportFlags } from '../../transport.js';
import type { DeadLetter } from '../faulty-broker.js';

/** What a harness may be able to do to its broker, and to the connections that instances have to it. */
export interface ConformanceAbilities {
  /** Has the instance die without a word, as SIGKILL does: nothing of it reaches the broker any more. */
  kill(instance: string): Promise<void>;
  /** Cuts the connection of the instance, and keeps it from coming back. */
  disconnect(instance: string): Promise<void>;
  /** Lets it come back; resolves when it has. */
  reconnect(instance: string): Promise<void>;
  /** Has nothing pass between the instance and the broker, and tells neither. */
  partition(instance: string): Promise<void>;
  heal(instance: string): Promise<void>;
  /** Ends the broker, without a word. */
  stopBroker(): Promise<void>;
  /** Starts it again with what it has on disk; resolves when the connections are back. */
  restartBroker(): Promise<void>;
  /** Has the broker hand out nothing of a topic, as if its readers were paused. */
  pause(topic: string): Promise<void>;
  resume(topic: string): Promise<void>;
  /** From now on each publish is cut before its confirmation arrives. */
  cutConfirmations(): Promise<void>;
  /** Deletes a topic, a queue or a channel under those who read it. */
  deleteTopic(topic: string): Promise<void>;
  /** What is on the dead letter topic of a requests topic. */
  deadLetters(topic: string): Promise<readonly DeadLetter[]>;
  /** How many topics, queues, subscriptions and messages of instances that are gone the broker still has. */
  leftovers(): Promise<number>;
  /** A transport whose credentials the broker refuses. */
  refusedTransport(): Transport;
}

/** The name of something that a harness may be able to do. */
export type ConformanceAbility = keyof ConformanceAbilities;

/** A broker for one case, or a part of one that nobody else uses. */
export interface ConformanceBroker {
  /** A transport to it: asked for once for each bus. */
  transport(): Transport;
  /** What the buses of the case go by. */
  readonly clock: Clock;
  /** Lets time pass: waits, or moves a virtual clock. */
  pass(ms: number): Promise<void>;
  /** What the harness says that it can do. */
  readonly abilities: Partial<ConformanceAbilities>;
  close(): Promise<void>;
}

/** A transport under test. */
export interface ConformanceHarness {
  /** What its transports declare. */
  readonly flags: TransportFlags;
  /** What its brokers' `abilities` has. */
  readonly abilities: readonly ConformanceAbility[];
  /** Why it has not got an ability, for the reason that a case which needs it is skipped for. */
  readonly inabilities?: { readonly [Ability in ConformanceAbility]?: string };
  /** How often what is repeated is repeated: 1,000 unless set. Ten times that are called one after another. */
  readonly repetitions?: number;
  /** How exactly its clock keeps time, in milliseconds: 0 for a virtual clock; 250 unless set. */
  readonly toleranceMs?: number;
  /**
   * How much longer than a broker within one process this one may take for anything, in milliseconds: to hand out again
   * what a reader that died had, to let a group of readers form. Added to all that a case waits for; 0 unless set.
   */
  readonly slownessMs?: number;
  /** Opens a broker for one case. */
  open(): Promise<ConformanceBroker>;
}

/** One fault, and what must be seen. */
export interface ConformanceCase {
  /** Its number in the list of faults; several cases may have one. */
  readonly fault: number;
  /** A sentence. */
  readonly name: string;
  /** Why the case does not apply to a transport, quoting its flag or the ability that is missing; undefined if it does. */
  readonly needs: (harness: ConformanceHarness) => string | undefined;
  /** Rejects with an AssertionError when something else is seen. */
  readonly run: (harness: ConformanceHarness) => Promise<void>;
}

/** What a case asks of a transport for it to make sense. */
export interface Needs {
  readonly flags?: Partial<TransportFlags>;
  readonly abilities?: readonly ConformanceAbility[];
}

/** The reason that a harness does not meet what is asked; undefined when it does. */
export function findUnmet({ flags = {}, abilities = [] }: Needs, harness: ConformanceHarness): string | undefined {
  const allDeclared: TransportFlags = { countsDeliveries: true, ...harness.flags };
  for (const [flag, value] of Object.entries(flags)) {
    const declared = allDeclared[flag as keyof TransportFlags];
    if (declared !== value) return `the transport declares ${flag}: ${declared}`;
  }
  const missing = abilities.find((ability) => !harness.abilities.includes(ability));
  if (missing === undefined) return undefined;
  const reason = harness.inabilities?.[missing];
  return `the harness has no ability ${missing}${reason === undefined ? '' : `: ${reason}`}`;
}
