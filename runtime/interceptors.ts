import type { CallInterceptors } from './caller.js';
import type { AgentRpcError } from './errors.js';
import {
  type InterceptedCall,
  type Interceptor,
  runIntercepted,
  toAnswer,
  toVerdict,
  type Verdict,
} from './interceptor.js';
import { type Reading, readError } from './outcome.js';
import type { RunInterceptors } from './run.js';

export type { InterceptedCall, Interceptor, Verdict } from './interceptor.js';

/** What `createBus({ interceptors })` and `serve(…, { interceptors })` take; one chain may stand on both sides. */
export type InterceptorChain = () => (CallInterceptors & RunInterceptors) | undefined;

/** Makes one chain of interceptors, the first of which is the outermost. An empty one costs calls nothing. */
export function chainInterceptors(...interceptors: readonly Interceptor[]): InterceptorChain {
  if (interceptors.length === 0) return () => undefined;
  const chain: CallInterceptors & RunInterceptors = {
    aroundCall: (around) => interceptCall(interceptors, around),
    aroundRun: (around) => interceptRun(interceptors, around),
  };
  return () => chain;
}

/** Makes a call through interceptors, of which none can keep it from ending in time. */
function interceptCall(
  interceptors: readonly Interceptor[],
  { bus, capability, kind, outgoing, perform }: Parameters<CallInterceptors['aroundCall']>[0],
): Promise<Reading> {
  const { messageId, correlationId, to, payload, timeoutMs } = outgoing;
  const call: InterceptedCall = {
    side: 'client',
    kind,
    messageId,
    correlationId,
    from: bus.agent,
    to,
    capability: capability.name,
    tenantId: bus.tenantId,
    payload,
    headers: { ...outgoing.headers },
    deadline: bus.clock.now() + timeoutMs,
  };
  return new Promise((resolve) => {
    let hasEnded = false;
    let isSent = false;
    let due: AgentRpcError | undefined;
    let cancelLast: (() => void) | undefined;
    const end = (reading: Reading): void => {
      hasEnded = true;
      unguard();
      cancelLast?.();
      resolve(reading);
    };
    // What has been sent ends by itself, and those around it should see how.
    const unguard = bus.guard(outgoing, (error) => {
      due = error;
      if (!isSent) end({ error });
    });
    const core = async (): Promise<Verdict> => {
      if (hasEnded) throw new Error('next() was called when the call had ended.');
      isSent = true;
      // A clock that is set back gives no more time than there was.
      const leftMs = Math.min(timeoutMs, Math.floor(call.deadline - bus.clock.now()));
      const reading = await perform({ ...outgoing, headers: call.headers, timeoutMs: leftMs });
      isSent = false;
      if (due !== undefined) {
        const error = due;
        cancelLast = bus.clock.setTimer(0, () => end({ error }));
      }
      return toVerdict(reading);
    };
    void runIntercepted(interceptors, call, capability, core).then(({ reading }) => end(reading));
  });
}

/** Runs a skill through interceptors. */
async function interceptRun(
  interceptors: readonly Interceptor[],
  { envelope, capability, headers, deadline, run }: Parameters<RunInterceptors['aroundRun']>[0],
): ReturnType<RunInterceptors['aroundRun']> {
  const { messageId, correlationId, from, to, payload, tenantId } = envelope;
  const call: InterceptedCall = {
    side: 'server',
    kind: envelope.kind === 'event' ? 'event' : 'request',
    ...{ messageId, correlationId, from, to, capability: capability.name, tenantId, payload },
    ...{ headers, deadline },
  };
  const core = async (): Promise<Verdict> => {
    const result = await run();
    return toVerdict(result.ok ? { data: result.data } : { error: readError(capability, result.error) });
  };
  return toAnswer(capability, await runIntercepted(interceptors, call, capability, core));
}
