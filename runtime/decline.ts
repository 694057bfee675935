import { reportHop } from './diagnostics.js';
import type { RuntimeCode } from './errors.js';
import type { ServiceHost } from './host.js';
import type { InboundMessage } from './inbox.js';
import { toResult } from './result.js';

/** Says of messages that were let in why they are not run. */
export interface Declines {
  /** For a reason that holds for every instance. */
  refuse(message: InboundMessage, code: RuntimeCode, text: string, details?: unknown): void;
  /** Not here, or not now. A message that the broker may have handed out before is not said not to have run. */
  decline(message: InboundMessage, text: string, details?: unknown): void;
  /** Its time is up. */
  expire(message: InboundMessage): void;
}

export function createDeclines({ agent, clock, answer, settlements }: ServiceHost): Declines {
  const send = (message: InboundMessage, code: RuntimeCode, text: string, details?: unknown): void => {
    void answer(message, toResult({ code, message: text, details })).then(() => settlements.ack(message));
  };

  const refuse: Declines['refuse'] = (message, code, text, details) => {
    reportHop('refused', agent, clock, message.envelope, { code, reason: text });
    // Nobody would learn of an event that is acknowledged.
    if (message.answerTopic === undefined) settlements.reject(message, `${code}: ${text}`);
    else send(message, code, text, details);
  };

  return {
    refuse,
    decline(message, text, details) {
      if (message.delivery.redelivered) refuse(message, 'EAGENTRPC_INTERRUPTED', `${text} It may have run before.`);
      else refuse(message, 'EAGENTRPC_BUSY', text, details);
    },
    expire(message) {
      const text = `The time of ${message.envelope.capability} was up before it could run.`;
      reportHop('expired', agent, clock, message.envelope, { reason: text });
      send(message, message.delivery.redelivered ? 'EAGENTRPC_INTERRUPTED' : 'EAGENTRPC_DEADLINE_EXCEEDED', text);
    },
  };
}
