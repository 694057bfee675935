import type { Delivery, OutgoingMessage } from './transport.js';

/**
 * A request that knows whether it is being answered. Who takes requests settles such a one after its answer is published, and
 * waits for nothing then, so that it may be settled together with others.
 */
export interface AnswerableDelivery extends Delivery {
  isAnswered: boolean;
}

/** To be called for all that is published by the connection which has handed the request out. */
export function noteAnswered({ inReplyTo }: Pick<OutgoingMessage, 'inReplyTo'>): void {
  if (inReplyTo !== undefined) (inReplyTo as AnswerableDelivery).isAnswered = true;
}
