import type { Breach, Ledger } from './ledger.js';
import type { Machine } from './machine.js';

/** What invariants look at: a world between two of its steps. */
export interface Scene {
  readonly now: number;
  readonly ledger: Ledger;
  readonly machines: readonly Machine[];
  /** How many skills one machine may run at once. */
  readonly concurrency: number;
  /** Whether the broker still has a connection of an instance. */
  readonly isConnected: (instance: string) => boolean;
}

/** A promise that is looked at after every step: `report` gets each way in which it is broken. */
export interface Invariant {
  readonly name: string;
  readonly sentence: string;
  readonly check: (scene: Scene, report: (what: string) => void) => void;
}

export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'ends',
    sentence: 'Each call of a living caller ends by its deadline.',
    check({ now, ledger }, report) {
      for (const { deadline, capability, messageId } of ledger.open) {
        if (now > deadline) report(`${capability} ${messageId} has not ended by its deadline`);
      }
    },
  },
  {
    name: 'bounded',
    sentence: 'No table outgrows its bound: skills that run, calls that wait.',
    check({ ledger, machines, concurrency }, report) {
      for (const { state, bus, instance } of machines) {
        if (state === 'dead') continue;
        const { running, pending } = bus.health();
        if (running > concurrency) report(`${instance} runs ${running} skills of ${concurrency}`);
        if (pending === 0) continue;
        let open = 0;
        for (const call of ledger.open) if (call.machine === instance) open++;
        if (pending > open) report(`${instance} has ${pending} calls pending, and ${open} have not ended`);
      }
    },
  },
  {
    name: 'stops',
    sentence: 'A stop is over when its grace and a second for the last answers have passed.',
    check({ now, machines }, report) {
      for (const { state, stopBy, instance } of machines) {
        if (state === 'stopping' && now > stopBy) report(`${instance} is still stopping`);
      }
    },
  },
  {
    name: 'leaves nothing',
    sentence: 'What has stopped has no timer, no pending call, no skill that counts and no connection.',
    check({ machines, isConnected }, report) {
      for (const { state, clock, bus, instance } of machines) {
        if (state !== 'stopped') continue;
        const { running, pending } = bus.health();
        if (clock.timers() > 0) report(`${instance} has left ${clock.timers()} timers`);
        if (pending > 0) report(`${instance} has left ${pending} calls`);
        if (running > 0) report(`${instance} has left ${running} skills`);
        if (isConnected(instance)) report(`${instance} has left its connection`);
      }
    },
  },
];

/** Promises that are looked at when something happens to them, and by whom. */
export const EVENT_INVARIANTS: readonly Pick<Invariant, 'name' | 'sentence'>[] = [
  { name: 'ends once', sentence: 'No call ends twice.' },
  { name: 'runs once', sentence: 'A skill that is not idempotent never runs twice for one messageId.' },
  { name: 'executed', sentence: 'Executed is never no where the skill ran, and never yes or ok where it did not.' },
  { name: 'own answer', sentence: 'An answer belongs to its call: its token, its capability.' },
  { name: 'quiet', sentence: 'Nothing is sent for a call that has ended.' },
  { name: 'answers once', sentence: 'A machine answers no more often than it was asked.' },
  { name: 'in time', sentence: 'No skill starts after the deadline of its call, where the broker tells the age.' },
  { name: 'never throws', sentence: 'Nothing of the runtime throws into a transport or rejects unseen.' },
];

/** Looks at a scene, and keeps what is broken. */
export function checkScene(scene: Scene, breaches: Breach[]): void {
  for (const { name, check } of INVARIANTS) check(scene, (what) => breaches.push({ invariant: name, what }));
}
