import { type Publisher, readError, readStored } from './publisher.js';
import type { Inbox } from './streams.js';

/** A message of a stream, told from those of a stream that was there before by the same name. */
export interface StoredMessage {
  readonly sequence: string;
  /** When it was stored, in nanoseconds since the epoch. */
  readonly stamp: string;
}

/** Which messages were acknowledged before they ran. */
export interface Taken {
  /** Resolves when the stream has it. */
  note(inbox: Inbox, message: StoredMessage): Promise<void>;
  has(inbox: Inbox, message: StoredMessage): Promise<boolean>;
}

const NOTHING = new Uint8Array();
/** What a stream says where it has no such message. */
const NO_MESSAGE = 10_037;

/**
 * A server confirms an acknowledgement up to a tenth of a second before it writes it down. One that is killed in between hands
 * the message out again when it is back, and as if for the first time. What is published to a stream is written down before it
 * is confirmed: so what is acknowledged and not run yet is noted by a message as well.
 */
export function createTaken({ publish }: Pick<Publisher, 'publish'>): Taken {
  return {
    note: (inbox, message) => publish(subjectOf(inbox, message), NOTHING, { confirm: readStored }),
    async has(inbox, message) {
      let isThere = true;
      const question = JSON.stringify({ last_by_subj: subjectOf(inbox, message) });
      await publish(`$JS.API.STREAM.MSG.GET.${inbox.taken}`, Buffer.from(question), {
        confirm(answer) {
          isThere = readError(answer)?.code !== NO_MESSAGE;
          return undefined;
        },
      });
      return isThere;
    },
  };
}

function subjectOf({ takenSubject }: Inbox, { sequence, stamp }: StoredMessage): string {
  return `${takenSubject}.${sequence}-${stamp}`;
}
