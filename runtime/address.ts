/** The address of an agent: `agent://` and an id of 1 to 63 letters, digits and `-`, starting with a letter or digit. */
export type AgentAddress = `agent://${string}`;

/** The brokers that a transport can be for, and that a `replyTo` can name. */
export type TransportKind = 'memory' | 'kafka' | 'nats' | 'sqs' | 'amqp' | 'mqtt';

/** The place that a `replyTo` names. */
export interface ReplyPlace {
  readonly kind: TransportKind;
  readonly topic: string;
}

const SCHEME = 'agent://';
// No dot and no underscore, so that the topics of different agents and tenants never meet.
const ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;
const ADDRESS = new RegExp(`^${SCHEME}${ID.source.slice(1)}`);
const REPLY_TO = /^(memory|kafka|nats|sqs|amqp|mqtt):\/\/([^\s\p{C}]+)$/u;

/** Whether `value` is `agent://` and an agent's id. */
export function isAgentAddress(value: unknown): value is AgentAddress {
  return typeof value === 'string' && ADDRESS.test(value);
}

/** The id within an agent's address. */
export function agentIdOf(agent: AgentAddress): string {
  return agent.slice(SCHEME.length);
}

/** Whether `value` has the form of a tenant's id, which is that of an agent's id. */
export function isTenantId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** Takes `<kind>://<topic>` apart; undefined for anything else. */
export function parseReplyTo(replyTo: string): ReplyPlace | undefined {
  const [, kind, topic] = REPLY_TO.exec(replyTo) ?? [];
  return topic === undefined ? undefined : { kind: kind as TransportKind, topic };
}
