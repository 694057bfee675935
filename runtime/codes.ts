import type { RuntimeCode } from './errors.js';

/** One code in words, for those who read about it. */
export interface CodeExplanation {
  /** A sentence: what has happened. */
  readonly meaning: string;
  /** A sentence: what to do about it. */
  readonly fix: string;
}

/** The table of codes in words: what `explain` and a page about codes are printed from. No service needs them. */
export const codeExplanations: { readonly [Code in RuntimeCode]: CodeExplanation } = {
  EAGENTRPC_TIMEOUT: {
    meaning: 'No answer came within the timeout of the call.',
    fix: 'See whether the agent runs and how long the skill takes, and raise timeoutMs if the skill needs longer.',
  },
  EAGENTRPC_DEADLINE_EXCEEDED: {
    meaning: 'The time of the call was up before the skill could start.',
    fix: 'Look for a queue in front of the agent, add instances, or give the outermost call more time.',
  },
  EAGENTRPC_ABANDONED: {
    meaning: 'The bus of the caller was stopped; executed is no where the call was made after that.',
    fix: 'Await the calls that matter before stop(), and make no call after it.',
  },
  EAGENTRPC_CANCELLED: {
    meaning: "The caller's own signal was aborted; executed is no where that was before anything was sent.",
    fix: 'Nothing, if that was meant; the skill is not told and may still run to its end.',
  },
  EAGENTRPC_BUSY: {
    meaning: 'The receiver, the broker or this bus already holds as many messages as it takes.',
    fix: 'Call again after details.retryAfterMs where it is given, make fewer calls at once, or add instances.',
  },
  EAGENTRPC_NO_PEER: {
    meaning: 'The peer table of this bus does not have the agent.',
    fix: 'Add the agent to rpc-peers.yaml, or to the peers given to createBus, or correct its address.',
  },
  EAGENTRPC_NO_TRANSPORT: {
    meaning: 'None of the transports that are named can be used here.',
    fix: 'Install the client of one of the named brokers, or name a transport that this runtime has.',
  },
  EAGENTRPC_PERMISSION_DENIED: {
    meaning: "Reserved for a later version: the caller's own permissions do not allow this call.",
    fix: 'Allow RequestAgent:<agent>/<capability> in agent.yaml, if it is meant to be allowed.',
  },
  EAGENTRPC_LOOP: {
    meaning: 'The call is nested more than 16 calls deep.',
    fix: 'Find the agents that call each other in a circle: they share one correlationId.',
  },
  EAGENTRPC_NO_RESPONDER: {
    meaning: 'Nobody is listening on the requests topic of the agent.',
    fix: 'Start the agent, and compare the transport and topics of the two sides.',
  },
  EAGENTRPC_NO_CAPABILITY: {
    meaning: 'The agent has no capability of that name.',
    fix: "Generate the client again from the agent's present capabilities.yaml, or deploy the agent that has it.",
  },
  EAGENTRPC_NOT_IMPLEMENTED: {
    meaning: 'The capability is in the contract, and its skill is still the generated skeleton.',
    fix: "Write the skill in the agent's skills folder and deploy it.",
  },
  EAGENTRPC_PUBLISH_FAILED: {
    meaning: 'The broker did not confirm the message; executed is no where it was never sent.',
    fix: 'See whether the broker can be reached and lets this agent write to the topic.',
  },
  EAGENTRPC_CONNECTION_LOST: {
    meaning: 'The connection was lost while the call had no answer, and the place where answers come with it.',
    fix: 'See why the broker or the network went away; the bus connects again by itself.',
  },
  EAGENTRPC_INVALID_ENVELOPE: {
    meaning: 'The message is not a v1 envelope; executed is maybe where it was the answer that is malformed.',
    fix: 'See details.problems: the sender of that message has to change.',
  },
  EAGENTRPC_TOO_LARGE: {
    meaning: 'The message has too many bytes, levels or keys.',
    fix: 'Send a reference to the data instead of the data, or set the limits higher on both sides.',
  },
  EAGENTRPC_AUTH_FAILED: {
    meaning: 'The receiver could not establish who sent the message.',
    fix: 'Compare the kind of auth, the key id and the secret of the two sides.',
  },
  EAGENTRPC_TENANT_MISMATCH: {
    meaning: 'The message names another tenant than the one that the receiver serves, or none.',
    fix: 'Give both buses the same tenantId.',
  },
  EAGENTRPC_SCHEMA_VIOLATION: {
    meaning: 'The input or the output (details.side) breaks its schema; executed is yes where it is the output.',
    fix: 'See details.violations: correct the value, or the schema in capabilities.yaml.',
  },
  EAGENTRPC_HANDLER_ERROR: {
    meaning:
      "The skill or an interceptor threw, or the result cannot be sent or is no longer kept; executed is maybe where the contract does not know the code answered, and no where the caller's own interceptor threw before anything was sent.",
    fix: "Read the agent's own log: what was thrown never leaves it. Declare the errors that callers should know.",
  },
  EAGENTRPC_INTERRUPTED: {
    meaning: 'The skill may have run before, or was cut off when its receiver stopped, and it was not run again.',
    fix: 'Find out whether the work was done before calling again, or make the capability idempotent.',
  },
};
