import type { LoggedEvent } from '@declaragent/runtime/event-log';

/** 2026-01-01T00:00:00Z. */
export const START = 1_767_225_600_000;
export const CORRELATION = '019b76da-a800-7000-8000-000000000001';

/** A line of a log, `ms` after the start. */
export function logged(ms: number, agent: string, event: LoggedEvent['event'], more: object = {}): LoggedEvent {
  return {
    at: START + ms,
    agent: `agent://${agent}`,
    event,
    writer: '1-a',
    correlationId: CORRELATION,
    ...more,
  };
}

/** What names a request in its hops. */
export function request(id: string, from: string, to: string, capability: string, causedBy?: string) {
  return {
    kind: 'request',
    messageId: id,
    from: `agent://${from}`,
    to: `agent://${to}`,
    capability,
    ...(causedBy === undefined ? {} : { causedBy }),
  } as const;
}

/** What names the answer to it in its hops. */
export function response(id: string, from: string, to: string, capability: string) {
  return { ...request(`${id}-answer`, to, from, capability, id), kind: 'response' } as const;
}

/** A call with two calls below it: one that nobody answers in time, and one that is sent twice and runs once. */
export function sampleChain(): LoggedEvent[] {
  const review = request('m1', 'concierge', 'pr-reviewer', 'review-pr');
  const lint = request('m2', 'pr-reviewer', 'linter', 'lint', 'm1');
  const notify = request('m3', 'pr-reviewer', 'archive', 'keep', 'm1');
  const timeout = { status: 'timeout', code: 'EAGENTRPC_TIMEOUT', executed: 'maybe' } as const;
  return [
    logged(0, 'concierge', 'sent', { ...review, payload: { prUrl: 'https://example.com/1' } }),
    logged(12, 'pr-reviewer', 'received', review),
    logged(20, 'pr-reviewer', 'sent', lint),
    logged(25, 'pr-reviewer', 'sent', notify),
    logged(425, 'pr-reviewer', 'sent', notify),
    logged(430, 'archive', 'received', notify),
    logged(431, 'archive', 'received', notify),
    logged(431, 'archive', 'duplicate', notify),
    logged(480, 'archive', 'answered', { ...response('m3', 'pr-reviewer', 'archive', 'keep'), code: 'FULL' }),
    logged(485, 'pr-reviewer', 'settled', {
      ...notify,
      kind: undefined,
      status: 'error',
      code: 'FULL',
      reason: 'No room.',
    }),
    logged(2020, 'pr-reviewer', 'settled', {
      ...lint,
      ...timeout,
      reason: 'agent://linter did not answer lint in time.',
    }),
    logged(2030, 'pr-reviewer', 'answered', response('m1', 'concierge', 'pr-reviewer', 'review-pr')),
    logged(2044, 'concierge', 'settled', {
      messageId: 'm1',
      to: 'agent://pr-reviewer',
      capability: 'review-pr',
      status: 'ok',
    }),
    logged(2300, 'pr-reviewer', 'late', response('m2', 'pr-reviewer', 'linter', 'lint')),
  ];
}
