import type { Delivery, OutgoingMessage } from './transport.js';

/** A request that knows whether it is answered: nothing waits for it to be settled then. */
export interface AnswerableDelivery extends Delivery {
  isAnswered: boolean;
}

/** To be told of all that is published by the connection which has handed the request out. */
export function noteAnswered({ inReplyTo }: Pick<OutgoingMessage, 'inReplyTo'>): void {
  if (inReplyTo !== undefined) (inReplyTo as AnswerableDelivery).isAnswered = true;
}
