import type { AgentAddress } from '../../runtime/address.js';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { CapabilityContract, Contract } from '../../runtime/contract.js';
import { type ServeOptions, serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { ConnectionWatcher, OutgoingMessage } from '../../runtime/transport.js';
import { type AmqpConfig, amqp } from '../../runtime/transports/amqp.js';
import { defineCheck, defineValidator } from '../../runtime/validation.js';
import type { Broker } from '../brokers/broker.js';
import { opened, urlOf } from './amqp-client.js';

const anything = () =>
  defineValidator<unknown>(
    {},
    defineCheck(() => true),
  );

function defineCapability(
  name: string,
  idempotent: boolean,
): CapabilityContract<unknown, unknown, Record<never, never>> {
  return { name, idempotent, input: anything(), output: anything(), errors: {} };
}

/** What cases of AMQP alone are made of, on a broker; all of it is closed when a case has ended. */
export function createAmqpStage(broker: () => Broker) {
  const READ = defineCapability('read', true);
  const WRITE = defineCapability('write', false);
  let agents = 0;
  /** Two agents that no other test knows. */
  const createAgents = () => {
    const number = ++agents;
    const [caller, callee] = [`agent://caller-${number}`, `agent://callee-${number}`] as const;
    return { caller, callee, queue: `agents.callee-${number}.requests` };
  };

  const startBus = async (agent: AgentAddress, config: Partial<AmqpConfig> = {}, more: Partial<BusOptions> = {}) => {
    const bus = await createBus({ agent, transports: [amqp({ url: urlOf(broker().port), ...config })], ...more });
    opened.add(() => bus.stop({ graceMs: 0 }));
    return bus;
  };
  const contractOf = (agent: AgentAddress): Contract => ({
    format: 1,
    agent,
    capabilities: { read: READ, write: WRITE },
  });
  const serveOn = (bus: Bus, run: (input: unknown) => unknown = (input) => input, more: ServeOptions = {}) =>
    serve(bus, contractOf(bus.agent), [implement(READ, run), implement(WRITE, run)], { onError: () => {}, ...more });
  const callOn = (bus: Bus, callee: AgentAddress) => createCall(bus, contractOf(callee), WRITE);

  /** A connection without a bus. */
  const connectTo = async (
    port: number,
    watcher: Partial<ConnectionWatcher> = {},
    config: Partial<AmqpConfig> = {},
  ) => {
    const watched = { lost: () => {}, restored: () => {}, ...watcher };
    const owner = { agent: 'agent://nobody', instance: 'only' } as const;
    const connection = await amqp({ url: urlOf(port), ...config }).connect(owner, watched);
    opened.add(() => connection.close());
    return connection;
  };
  const messageTo = (topic: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
    ...{ topic, kind: 'request', bytes: Buffer.from('{}'), messageId: 'm', correlationId: 'c', ...more },
  });

  return { createAgents, startBus, serveOn, callOn, connectTo, messageTo };
}
