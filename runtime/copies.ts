import type { Declines } from './decline.js';
import { reportHop } from './diagnostics.js';
import { asksTheSame, type Earlier, type EarlierResponse } from './duplicates.js';
import { decodeEnvelope } from './envelope.js';
import type { ServiceHost } from './host.js';
import type { InboundMessage } from './inbox.js';
import { type Result, toResult } from './result.js';
import type { Task } from './workload.js';

/** Answers messages that have come before, each at its own place, with what the first was answered with. */
export interface Copies {
  take(task: Task, earlier: Earlier): void;
}

export interface CopiesOptions {
  readonly host: ServiceHost;
  readonly declines: Declines;
  /** How many may wait for the first to end. */
  readonly limit: number;
  /** Takes on a message that has not run after all. */
  readonly retake: (task: Task) => void;
}

export function createCopies({ host, declines, limit, retake }: CopiesOptions): Copies {
  const { agent, clock, settlements } = host;
  let waiting = 0;

  const answer = ({ message }: Task, response: Exclude<EarlierResponse, 'released'>): void => {
    void host.answer(message, resultOf(message, response)).then((sent) => {
      if (sent?.error === undefined) settlements.ack(message);
      else settlements.retry(message);
    });
  };

  return {
    take(task, { request, response }) {
      const { message } = task;
      const { envelope } = message;
      if (request !== undefined && !asksTheSame(request, envelope)) {
        const problem = { path: '/messageId', message: 'has been used for another request' };
        const text = `The messageId ${problem.message}.`;
        void declines.refuse(message, 'EAGENTRPC_INVALID_ENVELOPE', text, { problems: [problem] });
        return;
      }
      reportHop('duplicate', agent, clock, envelope);
      if (response === 'released') return retake(task);
      if (response === 'lost' || response instanceof Uint8Array) return answer(task, response);
      // The first is answered in any case, and that it is busy would not be true of it.
      if (waiting >= limit) return settlements.ack(message);
      waiting++;
      const end = (ended: EarlierResponse): void => {
        waiting--;
        if (ended === 'released') retake(task);
        else answer(task, ended);
      };
      void response.then(end, () => end('lost'));
    },
  };
}

/** The payload of the first answer, which is signed and addressed anew. */
function resultOf({ envelope, via }: InboundMessage, response: Uint8Array | 'lost'): Result {
  if (response !== 'lost') return decodeEnvelope(response, via.limits).payload as Result;
  const message = `${envelope.to} has run ${envelope.capability} for it, and the answer is gone.`;
  return toResult({ code: 'EAGENTRPC_HANDLER_ERROR', message });
}
