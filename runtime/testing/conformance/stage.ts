import assert from 'node:assert/strict';
import type { AgentAddress } from '../../address.js';
import { type Bus, type BusOptions, createBus } from '../../bus.js';
import { type Call, createCall } from '../../client.js';
import { type Clock, systemRandom, toHex } from '../../clock.js';
import type { CapabilityContract, Contract } from '../../contract.js';
import { type AgentRpcEnvelope, decodeEnvelope } from '../../envelope.js';
import { createRetries } from '../../retry.js';
import { type ServeOptions, type Service, serve } from '../../server.js';
import { implement, type Skill } from '../../skill.js';
import { type Connection, topicsOf } from '../../transport.js';
import { defineCheck, defineValidator, type Validator } from '../../validation.js';
import type { ConformanceAbilities, ConformanceBroker, ConformanceCase, ConformanceHarness, Needs } from './harness.js';
import { findUnmet } from './harness.js';

/** Takes and gives anything. */
function anything(): Validator<unknown> {
  return defineValidator<unknown>(
    {},
    defineCheck(() => true),
  );
}

type NoErrors = Record<never, never>;
export type AnyCall = Call<unknown, unknown, NoErrors>;
export type AnySkill = Skill<unknown, unknown, NoErrors>;

function capability(name: string, idempotent: boolean): CapabilityContract<unknown, unknown, NoErrors> {
  return { name, idempotent, input: anything(), output: anything(), errors: {} };
}

const READ = capability('read', true);
const WRITE = capability('write', false);

export interface CalleeOptions extends Partial<BusOptions> {
  /** What an idempotent capability does; unless set, it returns its input. */
  readonly read?: AnySkill;
  /** What a capability does that is not idempotent. */
  readonly write?: AnySkill;
  readonly serve?: ServeOptions;
}

/** The agents of one case. */
export interface Stage {
  readonly broker: ConformanceBroker;
  readonly toleranceMs: number;
  readonly repetitions: number;
  /** For calls that end long before it, whatever the broker does meanwhile. */
  readonly patientMs: number;
  readonly callee: AgentAddress;
  readonly caller: AgentAddress;
  readonly requestsTopic: string;
  /** Where a bus reads its answers. */
  replyTopicOf(bus: Bus): string;
  /** How many timers the buses have set and not run. */
  timers(): number;
  now(): number;
  startCallee(options?: CalleeOptions): Promise<{ readonly bus: Bus; readonly service: Service }>;
  startCaller(options?: Partial<BusOptions>): Promise<Bus>;
  /** Serves another agent. */
  serve(agent: AgentAddress, skill: AnySkill): Promise<Bus>;
  read(bus: Pick<Bus, 'request'>, agent?: AgentAddress): AnyCall;
  write(bus: Pick<Bus, 'request'>, agent?: AgentAddress): AnyCall;
  /** A connection without a bus, for bytes of any kind. */
  stranger(): Promise<Stranger>;
  /** Lets time pass until the promise is settled, and fails when that takes longer than `limitMs`. */
  within<T>(limitMs: number, promise: Promise<T>): Promise<T>;
  /** Lets time pass until the condition holds. */
  until(limitMs: number, what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  ability<Name extends keyof ConformanceAbilities>(name: Name): ConformanceAbilities[Name];
}

/** What the response to a request has to say, but for its payload. */
export type AnswerIds = Readonly<Record<string, unknown>> & { readonly causedBy: string };

/** One who speaks to the broker directly. */
export interface Stranger {
  readonly agent: AgentAddress;
  readonly instance: string;
  readonly replyTopic: string;
  /** What came to its reply topic. */
  readonly replies: AgentRpcEnvelope[];
  readonly connection: Connection;
  /** Publishes bytes, or a value as JSON. */
  send(topic: string, message: unknown, kind?: AgentRpcEnvelope['kind']): Promise<void>;
  /** Plays the callee: publishes what `answer` returns for each request that comes, without a bus. */
  play(answer: (ids: AnswerIds, attempt: number) => readonly Record<string, unknown>[]): Promise<void>;
  /** A request to the callee, which any members may be changed of. */
  request(members?: Record<string, unknown>): Record<string, unknown>;
}

/** How long is waited, in steps of a virtual or real clock. */
const STEP_MS = 2;
/** Longer than anything takes that a case does not measure. */
export const LONG_MS = 5_000;

/** Makes a case of a function that plays it; all that it starts is stopped. */
export function defineCase(
  fault: number,
  name: string,
  needs: Needs,
  play: (stage: Stage) => Promise<void>,
): ConformanceCase {
  return {
    fault,
    name,
    needs: (harness) => findUnmet(needs, harness),
    async run(harness) {
      const broker = await harness.open();
      const { stage, strike } = createStage(broker, harness);
      try {
        await play(stage);
      } finally {
        await strike();
        await broker.close();
      }
    },
  };
}

function createStage(broker: ConformanceBroker, harness: ConformanceHarness) {
  const { toleranceMs = 250, repetitions = 1_000, slownessMs = 0 } = harness;
  // Cases that share a broker do not meet.
  const suffix = toHex(systemRandom.bytes(5));
  const callee: AgentAddress = `agent://callee-${suffix}`;
  const caller: AgentAddress = `agent://caller-${suffix}`;
  const buses: Bus[] = [];
  const connections: Connection[] = [];
  const clock = createCountingClock(broker.clock);
  let strangers = 0;

  const contractOf = (agent: AgentAddress): Contract => ({
    format: 1,
    agent,
    capabilities: { read: READ, write: WRITE },
  });

  const start = async (agent: AgentAddress, options: Partial<BusOptions>): Promise<Bus> => {
    const bus = await createBus({
      agent,
      transports: [broker.transport()],
      retries: createRetries(),
      clock,
      ...options,
    });
    buses.push(bus);
    return bus;
  };

  const echo: AnySkill = (input) => input;

  const until: Stage['until'] = async (limitMs, what, condition) => {
    const end = clock.now() + limitMs + slownessMs;
    while (!(await condition())) {
      assert.ok(clock.now() <= end, `${what} within ${limitMs} ms`);
      await broker.pass(STEP_MS);
    }
  };

  const stage: Stage = {
    ...{ broker, toleranceMs, repetitions, callee, caller, until, patientMs: 4_000 + slownessMs },
    requestsTopic: topicsOf(callee, undefined).requests,
    replyTopicOf({ agent, instance }) {
      const { responses } = topicsOf(agent, undefined);
      return harness.flags.sharesReplies ? responses : `${responses}.${instance}`;
    },
    timers: clock.timers,
    now: () => clock.now(),
    async startCallee({ read = echo, write = echo, serve: serveOptions, ...options } = {}) {
      const bus = await start(callee, options);
      const skills = [implement(READ, read), implement(WRITE, write)];
      return { bus, service: await serve(bus, contractOf(callee), skills, { onError: () => {}, ...serveOptions }) };
    },
    startCaller: (options = {}) => start(caller, options),
    async serve(agent, skill) {
      const bus = await start(agent, {});
      await serve(bus, contractOf(agent), [implement(READ, skill), implement(WRITE, skill)], { onError: () => {} });
      return bus;
    },
    read: (bus, agent = callee) => createCall(bus as Bus, contractOf(agent), READ),
    write: (bus, agent = callee) => createCall(bus as Bus, contractOf(agent), WRITE),
    async stranger() {
      const instance = `stranger-${strangers++}`;
      const agent: AgentAddress = `agent://${instance}-${suffix}`;
      const transport = broker.transport();
      const connection = await transport.connect({ agent, instance }, { lost: () => {}, restored: () => {} });
      connections.push(connection);
      const replyTopic = `${topicsOf(agent, undefined).responses}.${instance}`;
      const replies: AgentRpcEnvelope[] = [];
      await connection.subscribe(replyTopic, 'responses', ({ bytes }) => replies.push(decodeEnvelope(bytes)));
      const publish = (topic: string, message: unknown, kind: AgentRpcEnvelope['kind'] = 'request'): Promise<void> => {
        const bytes = message instanceof Uint8Array ? message : Buffer.from(JSON.stringify(message));
        return connection.publish({ topic, kind, bytes, messageId: 'm', correlationId: 'c' });
      };
      let attempts = 0;
      return {
        ...{ agent, instance, replyTopic, replies, connection },
        send: (topic, message, kind) => stage.within(LONG_MS, publish(topic, message, kind)),
        async play(answer) {
          await connection.subscribe(stage.requestsTopic, 'requests', ({ bytes, ack }) => {
            const request = decodeEnvelope(bytes);
            const { correlationId, capability, from, to, replyTo = '' } = request;
            const ids = { version: 1, kind: 'response', messageId: `r${++attempts}`, correlationId, capability };
            const answers = answer({ ...ids, causedBy: request.messageId, from: to, to: from }, attempts);
            const topic = replyTo.slice(replyTo.indexOf('//') + 2);
            const acts = [ack(), ...answers.map((one) => publish(topic, one, 'response'))];
            // Where one of them fails, the caller does not see what the case says.
            void Promise.allSettled(acts);
          });
        },
        request: (members = {}) => ({
          ...{ version: 1, kind: 'request', messageId: 'm1', correlationId: 'c1', from: agent, to: callee },
          ...{ capability: 'write', replyTo: `${transport.kind}://${replyTopic}`, payload: 'hello', ...members },
        }),
      };
    },
    async within(limitMs, promise) {
      let isSettled = false;
      const onEnd = (): void => {
        isSettled = true;
      };
      promise.then(onEnd, onEnd);
      await broker.pass(0);
      await until(limitMs, 'It ends', () => isSettled);
      return promise;
    },
    ability(name) {
      const ability = broker.abilities[name];
      assert.ok(ability, `The harness lists the ability ${name}, and its broker has none.`);
      return ability as ConformanceAbilities[typeof name];
    },
  };

  const strike = async (): Promise<void> => {
    const stopping = Promise.allSettled([
      ...buses.map((bus) => bus.stop({ graceMs: 0 })),
      ...connections.map((connection) => connection.close()),
    ]);
    let isStopped = false;
    void stopping.then(() => {
      isStopped = true;
    });
    // A bus whose instance was killed may never stop; that is not what the case is about.
    for (let waited = 0; !isStopped && waited < LONG_MS; waited += STEP_MS * 10) await broker.pass(STEP_MS * 10);
  };
  return { stage, strike };
}

/** A clock that knows how many of its timers wait. */
function createCountingClock(clock: Clock): Clock & { timers(): number } {
  let set = 0;
  return {
    now: () => clock.now(),
    setTimer(delayMs, run) {
      let isSet = true;
      set++;
      const end = (): void => {
        if (isSet) set--;
        isSet = false;
      };
      const cancel = clock.setTimer(delayMs, () => {
        end();
        run();
      });
      return () => {
        end();
        cancel();
      };
    },
    timers: () => set,
  };
}
