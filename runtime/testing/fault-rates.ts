/** How often each fault strikes: a probability from 0 to 1 for each message, or for each acknowledgement. */
export interface FaultRates {
  /** It is lost on its way to its reader. A broker that holds it delivers it again later. */
  drop: number;
  /** It reaches its reader twice. */
  duplicate: number;
  /** It is overtaken by others. */
  reorder: number;
  /** Publishing fails before the message has left: EAGENTRPC_PUBLISH_FAILED, executed no. */
  refuse: number;
  /** The way is cut between publish and its confirmation, executed maybe; half of the messages have got through. */
  cut: number;
  /** Publishing is never confirmed nor refused; half of the messages have got through. */
  hang: number;
  /** An acknowledgement does not reach the broker, which delivers the message again later. */
  loseAck: number;
  /** An acknowledgement reaches the broker, and its confirmation does not come back. */
  loseAckConfirmation: number;
}

/** No faults. */
export const NO_FAULTS: Readonly<FaultRates> = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  refuse: 0,
  cut: 0,
  hang: 0,
  loseAck: 0,
  loseAckConfirmation: 0,
};
