/** Messages, for those who read and write them without a bus. */
export {
  type AgentRpcEnvelope,
  decodeEnvelope,
  defaultLimits,
  type EnvelopeAuth,
  type EnvelopeKind,
  type EnvelopeLimits,
  type EnvelopeProblem,
  encodeEnvelope,
} from './envelope.js';
