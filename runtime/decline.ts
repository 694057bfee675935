import type { SentAnswer } from './answers.js';
import { reportHop } from './diagnostics.js';
import type { RuntimeCode } from './errors.js';
import type { ServiceHost } from './host.js';
import type { InboundMessage } from './inbox.js';
import { toResult } from './result.js';

/** Says of messages that were let in why they are not run. */
export interface Declines {
  /** For a reason that holds for every instance. Resolves with what was answered; never rejects. */
  refuse(message: InboundMessage, code: RuntimeCode, text: string, details?: unknown): Promise<SentAnswer | undefined>;
  /** Not here, or not now. A message that the broker may have handed out before is not said not to have run. */
  decline(message: InboundMessage, text: string, details?: unknown): void;
  /** Not here: it goes back to the broker. */
  giveBack(message: InboundMessage, code: RuntimeCode, text: string): void;
  /** Its time is up. */
  expire(message: InboundMessage): void;
}

export function createDeclines({ agent, clock, answer, settlements }: ServiceHost): Declines {
  const send: Declines['refuse'] = async (message, code, text, details) => {
    const sent = await answer(message, toResult({ code, message: text, details }));
    settlements.ack(message);
    return sent;
  };

  const report = ({ envelope }: InboundMessage, code: RuntimeCode, reason: string): void =>
    reportHop('refused', agent, clock, envelope, { code, reason });

  const refuse: Declines['refuse'] = async (message, code, text, details) => {
    report(message, code, text);
    // Nobody would learn of an event that is acknowledged.
    if (message.answerTopic !== undefined) return send(message, code, text, details);
    settlements.reject(message, `${code}: ${text}`);
    return undefined;
  };

  return {
    refuse,
    decline(message, text, details) {
      if (message.delivery.redelivered)
        void refuse(message, 'EAGENTRPC_INTERRUPTED', `${text} It may have run before.`);
      else void refuse(message, 'EAGENTRPC_BUSY', text, details);
    },
    giveBack(message, code, text) {
      report(message, code, text);
      settlements.nack(message);
    },
    expire(message) {
      const text = `The time of ${message.envelope.capability} was up before it could run.`;
      reportHop('expired', agent, clock, message.envelope, { reason: text });
      void send(message, message.delivery.redelivered ? 'EAGENTRPC_INTERRUPTED' : 'EAGENTRPC_DEADLINE_EXCEEDED', text);
    },
  };
}
