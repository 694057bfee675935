import type { AgentAddress } from './address.js';
import type { SentAnswer } from './answers.js';
import type { Caller } from './caller.js';
import type { Clock } from './clock.js';
import type { InboundMessage, Receiver } from './inbox.js';
import type { ParentCall } from './parent.js';
import type { Result } from './result.js';
import type { Settlements } from './settlement.js';

/** A bus as a service sees it, and nobody else: what it is read and answered by. */
export interface ServiceHost {
  readonly agent: AgentAddress;
  readonly clock: Clock;
  readonly clockSkewMs: number;
  /** Tells the broker what became of a message. */
  readonly settlements: Settlements;
  /** Starts to read the inbox of the agent. One receiver at a time. */
  attach(receiver: Receiver): Promise<Attachment>;
  /** Publishes the answer to a request; does nothing for an event. Never rejects. */
  answer(message: InboundMessage, result: Result): Promise<SentAnswer | undefined>;
  /** Resolves when no answer is on its way to the broker. */
  answersSent(): Promise<void>;
  /** What a skill calls others with: its calls inherit the ids, the trace and the time left of what it runs for. */
  createCaller(parent: ParentCall): Caller;
}

/** A receiver's hold on the inbox. */
export interface Attachment {
  /** Resolves when no more messages come. */
  close(): Promise<void>;
  /** Lets another receiver in. */
  release(): void;
}
