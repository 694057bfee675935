import type { Caller } from '../../runtime/caller.js';
import { type CallOptions, createCall } from '../../runtime/client.js';
import type { Clock } from '../../runtime/clock.js';
import { type Implementation, implement, type SkillContext } from '../../runtime/skill.js';
import { CAPABILITIES, type Done, helperContract, type Task, type TaskCapability, workerContract } from './contract.js';
import { type CallRecord, count, type Ledger } from './ledger.js';
import type { Machine, MachineClock } from './machine.js';
import type { Plan, PlannedCall } from './plan.js';
import type { Sabotage } from './sabotage.js';

export interface WorkloadOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly plan: Plan;
  readonly note: (line: string) => void;
  readonly sabotage: Sabotage | undefined;
}

/** What callers ask for and skills do. */
export interface Workload {
  call(machine: Machine, planned: PlannedCall): void;
  skillsOf(machine: Machine): Implementation[];
}

/** Later than any deadline and any delay. */
const LATE_MS = 7_500;

type TaskContext = SkillContext<Done, { REFUSED: { readonly token: string } }>;

export function createWorkload({ clock, ledger, plan, note, sabotage }: WorkloadOptions): Workload {
  const { breaches, calls, open, runs } = ledger;
  const breach = (invariant: string, what: string): void => {
    breaches.push({ invariant, what });
  };
  /** How long a message can be on its way without the broker counting it. */
  const transitMs = plan.chaos.some(({ what }) => what === 'partition') ? 5_000 : 12 * plan.latencyMs[1] + 5;

  /**
   * Whether “executed no” is not true of every copy: a receiver that was busy for one copy which the network has made
   * cannot tell another from a caller that tries again, and runs it.
   */
  const isBusyForOneCopy = (code: string, messageId: string): boolean =>
    code === 'EAGENTRPC_BUSY' && ledger.copied.has(messageId);

  const onRun = (machine: Machine, capability: TaskCapability, messageId: string): void => {
    const many = count(runs, messageId);
    note(`run ${capability.name} ${messageId} on ${machine.instance}`);
    if (many > 1 && !capability.idempotent) breach('runs once', `${capability.name} ${messageId} runs again`);
    const call = calls.get(messageId);
    if (call === undefined) return;
    const { outcome, deadline } = call;
    if (outcome !== undefined && outcome.status !== 'ok' && outcome.executed === 'no') {
      const { code } = outcome.error;
      if (!isBusyForOneCopy(code, messageId)) {
        breach('executed', `${capability.name} ${messageId} runs after its caller was told ${code}, executed no`);
      }
    }
    const late = clock.now() - deadline - transitMs;
    if (plan.flags.tellsAge && late > 0)
      breach('in time', `${capability.name} ${messageId} starts ${late} ms too late`);
  };

  const onEnd = (call: CallRecord): void => {
    call.ends++;
    open.delete(call);
    if (call.ends > 1) breach('ends once', `${call.messageId} ends again`);
    const { outcome, messageId, capability, token } = call;
    if (outcome === undefined) return;
    const many = runs.get(messageId) ?? 0;
    const executed = outcome.status === 'ok' ? 'yes' : outcome.executed;
    const code = outcome.status === 'ok' ? 'ok' : outcome.error.code;
    count(ledger.endings, code);
    note(`end ${capability} ${messageId} ${code} ${executed}`);
    if (executed === 'no' && many > 0 && !isBusyForOneCopy(code, messageId))
      breach('executed', `${messageId} has run, and its caller is told ${code}, executed no`);
    if (executed === 'yes' && many === 0)
      breach('executed', `${messageId} has not run, and its caller is told ${code}`);
    if (outcome.status !== 'ok') return;
    if (outcome.data.token !== token || outcome.data.capability !== capability) {
      breach('own answer', `${messageId} asked for ${capability} ${token} and got ${JSON.stringify(outcome.data)}`);
    }
  };

  /** Makes a call, and an entry of it in the account. */
  const follow = async (
    machine: Machine,
    caller: Caller,
    to: typeof workerContract,
    capability: TaskCapability,
    task: Task,
    options: CallOptions & { readonly timeoutMs: number; readonly until?: number },
  ): Promise<CallRecord> => {
    const { until = Number.POSITIVE_INFINITY, ...callOptions } = options;
    const deadline = Math.min(clock.now() + options.timeoutMs, until);
    const started = await createCall(caller, to, capability).start(task, callOptions);
    const { messageId } = started;
    const { name, idempotent } = capability;
    const call: CallRecord = {
      ...{ machine: machine.instance, messageId, token: task.token, capability: name, idempotent, deadline, ends: 0 },
    };
    note(`call ${name} ${messageId} from ${machine.instance} until ${deadline}`);
    calls.set(messageId, call);
    open.add(call);
    const outcome = await started.outcome;
    if (machine.state === 'dead' || sabotage === 'lose an outcome') return call;
    call.outcome = outcome;
    if (sabotage === 'say no') call.outcome = { ...outcome, status: 'error', executed: 'no' } as typeof outcome;
    onEnd(call);
    if (sabotage === 'end twice') onEnd(call);
    if (sabotage === 'send after the end') {
      const { correlationId } = started;
      void caller.request({ messageId, correlationId, to: to.agent, capability: name, payload: task, timeoutMs: 50 });
    }
    return call;
  };

  const createSkill =
    (machine: Machine, capability: TaskCapability) =>
    async (task: Task, ctx: TaskContext): Promise<Done | undefined> => {
      if (machine.state === 'dead') return new Promise(() => {});
      if (sabotage === 'start late') await sleep(machine.skillClock, LATE_MS, undefined);
      onRun(machine, capability, ctx.messageId);
      if (sabotage === 'run twice') onRun(machine, capability, ctx.messageId);
      await sleep(machine.skillClock, task.workMs, task.heeds ? ctx.signal : undefined);
      if (capability.name === 'relay') {
        const until = ctx.deadline - machine.clock.skewMs;
        const nested = { ...task, token: `${task.token}/nested`, ending: 'return' as const };
        await follow(machine, ctx.bus, helperContract, CAPABILITIES.write, nested, { timeoutMs: 600, until });
      }
      const token = sabotage === 'mix answers up' ? 'another' : task.token;
      const done = { token, capability: capability.name };
      switch (task.ending) {
        case 'respond':
          ctx.respond({ ok: true, data: done });
          return undefined;
        case 'fail':
          return ctx.fail('REFUSED', 'It is refused.', { token });
        case 'throw':
          throw new Error('The skill fails.');
        case 'return':
          return done;
      }
    };

  return {
    call(machine, { capability, task, timeoutMs, cancelAfterMs, retries, isEvent }) {
      const retry = retries ? { retry: { attempts: 4, baseMs: 20 } } : {};
      const options = { timeoutMs, ...retry, ...cancelled(machine.skillClock, cancelAfterMs) };
      if (!isEvent) {
        void follow(machine, machine.bus, workerContract, CAPABILITIES[capability], task, options);
        return;
      }
      createCall(machine.bus, workerContract, CAPABILITIES[capability])
        .notify(task, options)
        .catch(() => {});
    },
    skillsOf: (machine) =>
      Object.values(CAPABILITIES).map((capability) => implement(capability, createSkill(machine, capability))),
  };
}

function cancelled(clock: Clock, afterMs: number | undefined): { signal?: AbortSignal } {
  if (afterMs === undefined) return {};
  const controller = new AbortController();
  if (afterMs === 0) controller.abort();
  else clock.setTimer(afterMs, () => controller.abort());
  return { signal: controller.signal };
}

/** Works for a while; a skill that heeds its signal fails when that is aborted. */
function sleep(clock: MachineClock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(ms, resolve);
    signal?.addEventListener('abort', () => {
      cancel();
      reject(signal.reason);
    });
  });
}
