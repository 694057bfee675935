export { type AgentAddress, isAgentAddress, type TransportKind } from './address.js';
export type { Auth, Authenticator, AuthOptions, HmacKey, TokenAuth, TokenVerifier } from './auth.js';
export { type Bus, type BusHealth, type BusOptions, createBus, type StopOptions } from './bus.js';
export type { Caller, CallInterceptors, MessageIds } from './caller.js';
export { type Call, type CallOptions, createCall, type StartedCall } from './client.js';
export { type Clock, type Random, systemClock } from './clock.js';
export type { BusConfig, ConnectOptions, PeerConfig, TransportLoaders } from './connect.js';
export type {
  CapabilityContract,
  CapabilityExample,
  Contract,
  ContractFormat,
  DeclaredErrorContract,
  ToolDefinition,
} from './contract.js';
export type { AuthConfig } from './credentials.js';
export { HOP_CHANNEL, type Hop, type HopEvent } from './diagnostics.js';
export {
  type Claim,
  createDuplicates,
  type DuplicateStore,
  type DuplicatesOptions,
  type Earlier,
  type EarlierResponse,
} from './duplicates.js';
export {
  type AgentRpcEnvelope,
  decodeEnvelope,
  defaultLimits,
  type EnvelopeAuth,
  type EnvelopeKind,
  type EnvelopeLimits,
  type EnvelopeProblem,
} from './envelope.js';
export type { Environment, EnvironmentProblem, Places, ResolveOptions } from './environment.js';
export {
  AgentRpcError,
  type AgentRpcErrorInit,
  type DetailsByCode,
  type ErrorCodeInfo,
  type Executed,
  errorCodes,
  type FailureStatus,
  isAgentRpcError,
  isRuntimeCode,
  type RuntimeCode,
  type RuntimeError,
  type RuntimeErrorDetails,
  type SchemaViolationDetails,
} from './errors.js';
export type { FormatTable } from './formats.js';
export type { InterceptedCall, Interceptor, Verdict } from './interceptor.js';
export type { InterceptorChain } from './interceptors.js';
export type { CallError, Failure, Outcome, Success } from './outcome.js';
export { RESPONSE_CHANNEL, type ResponseEvent } from './response.js';
export type { Result, ResultError } from './result.js';
export type { Retries, Retry, RetryOptions } from './retry.js';
export type { Peer, PeerTransport } from './routes.js';
export { type ServeOptions, type Service, serve } from './server.js';
export { type DetailsOf, type Implementation, implement, type Skill, type SkillContext } from './skill.js';
export {
  type Connection,
  type ConnectionOwner,
  type ConnectionWatcher,
  type Delivery,
  type OutgoingMessage,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionRole,
  type TopicNames,
  type Topics,
  type Transport,
  type TransportConfig,
  type TransportFlags,
  topicsOf,
} from './transport.js';
export type {
  Check,
  JsonSchema,
  StandardJsonSchemaOptions,
  StandardProps,
  StandardResult,
  Validator,
  Violation,
  ViolationReport,
} from './validation.js';
export type { FailedCall } from './warning.js';
