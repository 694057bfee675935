import { expect, test, vi } from 'vitest';
import type { Skill } from '../../runtime/skill.js';
import type { TransportFlags } from '../../runtime/transport.js';
import { createGate, createHoldingBroker } from '../support/held.js';
import { settle } from '../support/manual-clock.js';
import { createPair, errorOf, faulty, listen, type PairOptions, strangersRequest, watchHops } from '../support/pair.js';
import type { ReviewErrors, ReviewInput, ReviewOutput } from '../support/reviewer.js';

/** review-pr is idempotent, and echo is not. */
const review = { capability: 'review-pr', payload: { prUrl: 'x' } };

type Review = Skill<ReviewInput, ReviewOutput, ReviewErrors>;

async function createHeld(options: PairOptions & { readonly flags?: Partial<TransportFlags> } = {}) {
  const held = createHoldingBroker(options.flags);
  const server = { transports: [held.transport], ...options.server };
  const pair = await createPair({ ...options, server, client: { transports: [held.transport] } });
  const heard = listen(held.broker, 'agents.stranger.responses');
  return { ...pair, ...held, heard, payloads: () => heard.map(({ payload }) => payload) };
}

test('an idempotent skill runs first, and its request is acknowledged when the answer is with the broker', async () => {
  const gate = createGate();
  const { hand, heard } = await createHeld({ review: gate.skill as Review });
  const handed = hand(strangersRequest(review));
  await settle();
  expect(gate.open).toHaveLength(1);
  expect(handed.settled).toEqual([]);
  gate.open[0]?.();
  await settle();
  expect(heard).toHaveLength(1);
  expect(handed.settled).toEqual(['ack']);
});

test('a skill that is not idempotent starts only when the broker has confirmed the acknowledgement', async () => {
  const skill = vi.fn((input: unknown) => input);
  const { hand, payloads } = await createHeld({ echo: skill });
  const handed = hand(strangersRequest(), { confirms: false });
  await settle();
  expect(handed.settled).toEqual(['ack']);
  expect(skill).not.toHaveBeenCalled();
  handed.confirm();
  await settle();
  expect(skill).toHaveBeenCalledOnce();
  expect(payloads()).toEqual([{ ok: true, data: 'hello' }]);
});

test('an acknowledgement that is not confirmed runs nothing, and the slot goes to the next', async () => {
  const skill = vi.fn((input: unknown) => input);
  const { hand, payloads, reviewer } = await createHeld({ echo: skill, serve: { concurrency: 1 } });
  const first = hand(strangersRequest(), { confirms: false });
  const second = hand(strangersRequest({ messageId: 'm2', payload: 'next' }));
  await settle();
  first.refuse();
  await settle();
  expect(first.settled).toEqual(['ack', 'nack']);
  expect(second.settled).toContain('ack');
  expect(skill.mock.calls.map(([input]) => input)).toEqual(['next']);
  expect(payloads()).toEqual([{ ok: true, data: 'next' }]);
  await settle();
  expect(reviewer.health().running).toBe(0);
});

test('a request whose time runs out while it is acknowledged is not run', async () => {
  const skill = vi.fn();
  const { hand, payloads, clock } = await createHeld({ echo: skill });
  const handed = hand(strangersRequest({ headers: { 'x-declaragent-ttl-ms': '100' } }), { confirms: false });
  await clock.advance(100);
  handed.confirm();
  await settle();
  expect(skill).not.toHaveBeenCalled();
  expect(payloads()).toEqual([errorOf('EAGENTRPC_DEADLINE_EXCEEDED')]);
});

test('a request that may have been delivered before is not run again unless that is harmless', async () => {
  const skill = vi.fn();
  const { hand, payloads } = await createHeld({ echo: skill });
  const handed = hand(strangersRequest(), { redelivered: true });
  const harmless = hand(strangersRequest({ messageId: 'm2', ...review }), { redelivered: true });
  await settle();
  expect(skill).not.toHaveBeenCalled();
  expect(payloads()).toEqual([errorOf('EAGENTRPC_INTERRUPTED'), { ok: true, data: { verdict: 'approve' } }]);
  expect([handed.settled, harmless.settled]).toEqual([['ack'], ['ack']]);
  // Nor is a copy that the broker does not know to be one.
  hand(strangersRequest());
  await settle();
  expect(skill).not.toHaveBeenCalled();
  expect(payloads().at(-1)).toEqual(errorOf('EAGENTRPC_INTERRUPTED'));
});

test('a request that is delivered again to the one who ran it gets its answer', async () => {
  const skill = vi.fn((input: unknown) => input);
  const { hand, payloads } = await createHeld({ echo: skill });
  hand(strangersRequest());
  await settle();
  const again = hand(strangersRequest(), { redelivered: true });
  await settle();
  expect(skill).toHaveBeenCalledOnce();
  expect(payloads()).toEqual([
    { ok: true, data: 'hello' },
    { ok: true, data: 'hello' },
  ]);
  expect(again.settled).toEqual(['ack']);
});

test.each([
  ['expired', { headers: { 'x-declaragent-ttl-ms': '0' } }],
  ['of no such capability', { capability: 'nothing' }],
  ['nested too deep', { headers: { 'x-declaragent-hops': '17' } }],
  ['of invalid input', { ...review, payload: {} }],
])('a request that is %s is answered and acknowledged', async (_, members) => {
  const { hand, heard } = await createHeld();
  const handed = hand(strangersRequest(members));
  await settle();
  expect(heard).toHaveLength(1);
  expect(handed.settled).toEqual(['ack']);
});

test('a request that may have run elsewhere and is too late is not said not to have run', async () => {
  const { hand, payloads } = await createHeld();
  const members = { ...review, headers: { 'x-declaragent-ttl-ms': '0' } };
  hand(strangersRequest(members), { redelivered: true });
  await settle();
  expect(payloads()).toEqual([errorOf('EAGENTRPC_INTERRUPTED')]);
});

test.each([
  ['bytes that are no envelope', Buffer.from('{'), 'EAGENTRPC_INVALID_ENVELOPE'],
  ['a message for another agent', strangersRequest({ to: 'agent://other' }), 'EAGENTRPC_INVALID_ENVELOPE'],
  ['a response', strangersRequest({ kind: 'response' }), 'EAGENTRPC_INVALID_ENVELOPE'],
  [
    'a replyTo of a stranger',
    strangersRequest({ replyTo: 'memory://agents.x.responses' }),
    'EAGENTRPC_INVALID_ENVELOPE',
  ],
  ['auth that nobody can verify', strangersRequest({ auth: { kind: 'oidc', token: 't' } }), 'EAGENTRPC_AUTH_FAILED'],
  [
    'an event for nobody',
    strangersRequest({ kind: 'event', replyTo: undefined, capability: 'x' }),
    'EAGENTRPC_NO_CAPABILITY',
  ],
])('%s goes to the dead letters with the reason, and the next request is served', async (_, message, code) => {
  const { hand, payloads } = await createHeld();
  const handed = hand(message);
  await settle();
  expect(handed.settled).toHaveLength(1);
  expect(handed.settled[0]).toMatch(new RegExp(`^reject ${code}: [\\x20-\\x7e]+$`));
  hand(strangersRequest({ messageId: 'next' }));
  await settle();
  expect(payloads().at(-1)).toEqual({ ok: true, data: 'hello' });
});

test('the reason of a dead letter holds no character that a header may not', async () => {
  const { hand } = await createHeld();
  const handed = hand(strangersRequest({ 'evil\r\nx-header: \u202e': 1 }));
  await settle();
  expect(handed.settled[0]).toMatch(/^reject EAGENTRPC_INVALID_ENVELOPE: [\x20-\x7e]+$/);
});

test('a broker that holds no requests is told nothing, unless it has dead letters', async () => {
  const flags = { holdsRequests: false, deadLetters: false };
  const silent = await createHeld({ flags });
  const handed = [silent.hand(strangersRequest()), silent.hand(Buffer.from('{'))];
  await settle();
  expect(handed.flatMap(({ settled }) => settled)).toEqual([]);
  const { hand } = await createHeld({ flags: { ...flags, deadLetters: true } });
  const [served, refused] = [hand(strangersRequest()), hand(Buffer.from('{'))];
  await settle();
  expect(served?.settled).toEqual([]);
  expect(refused?.settled).toHaveLength(1);
});

test('the broker is asked for no more than can run, and what it hands out waits', async () => {
  const gate = createGate();
  const { hand, subscribed, heard } = await createHeld({ echo: gate.skill, serve: { concurrency: 2, queue: 0 } });
  expect(subscribed).toEqual([{ prefetch: 2 }]);
  const handed = [1, 2, 3, 4].map((id) => hand(strangersRequest({ messageId: `m${id}` })));
  await settle();
  expect(gate.open).toHaveLength(2);
  expect(heard).toEqual([]);
  // A request that waits is not acknowledged: the broker would hand out another in its place.
  expect(handed.map(({ settled }) => settled.length)).toEqual([1, 1, 0, 0]);
});

test('an answer that the broker does not take goes back where the skill may run again', async () => {
  const { transport, hand } = createHoldingBroker();
  const publish = vi.fn(() => Promise.resolve()).mockRejectedValueOnce(new Error('down'));
  const skill = vi.fn(() => ({ verdict: 'fine' }));
  const { clock } = await createPair({ review: skill, server: { transports: [faulty(transport, { publish })] } });
  const handed = hand(strangersRequest(review));
  await clock.advance(500);
  expect(handed.settled).toEqual(['nack']);
  const again = hand(strangersRequest(review), { redelivered: true });
  await settle();
  expect(again.settled).toEqual(['ack']);
  expect(publish).toHaveBeenCalledTimes(2);
  expect(skill).toHaveBeenCalledOnce();
});

test('what waits when a service stops goes back to the broker where it may run again, else it is busy', async () => {
  const gate = createGate();
  const { hand, service, payloads, clock } = await createHeld({ echo: gate.skill, serve: { concurrency: 1 } });
  const running = hand(strangersRequest());
  const [idempotent, other] = [
    hand(strangersRequest({ messageId: 'm2', ...review })),
    hand(strangersRequest({ messageId: 'm3' })),
  ];
  await settle();
  const stopped = service.stop();
  await settle();
  expect(idempotent?.settled).toEqual(['nack']);
  expect(other?.settled).toEqual(['ack']);
  expect(payloads()).toEqual([errorOf('EAGENTRPC_BUSY')]);
  gate.open[0]?.();
  await stopped;
  expect(running.settled[0]).toBe('ack');
  expect(payloads().at(-1)).toEqual({ ok: true, data: 'hello' });
  expect(clock.timers()).toBe(0);
});

test('what still runs when the grace is over goes back where it may run again, else its caller is told', async () => {
  const signals: AbortSignal[] = [];
  const hang = (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<never> => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const { hand, service, payloads, clock } = await createHeld({ echo: hang, review: hang });
  const idempotent = hand(strangersRequest({ messageId: 'm2', ...review }));
  const copy = hand(strangersRequest({ messageId: 'm2', ...review }));
  hand(strangersRequest({ messageId: 'm3' }));
  await settle();
  const stopped = service.stop({ graceMs: 100 });
  await clock.advance(100);
  await stopped;
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  expect([idempotent.settled, copy.settled]).toEqual([['nack'], ['nack']]);
  expect(payloads()).toEqual([errorOf('EAGENTRPC_INTERRUPTED')]);
  expect(clock.timers()).toBe(0);
});

test('stop waits until the broker knows what became of each message', async () => {
  const { hand, service } = await createHeld();
  let confirm = (): void => {};
  const ack = () =>
    new Promise<void>((resolve) => {
      confirm = resolve;
    });
  hand(strangersRequest(review), { ack });
  await settle();
  let isStopped = false;
  const stopped = service.stop().then(() => {
    isStopped = true;
  });
  await settle();
  expect(isStopped).toBe(false);
  confirm();
  await stopped;
});

test('an acknowledgement that comes when the service is over starts nothing', async () => {
  const skill = vi.fn();
  const { hand, service, clock } = await createHeld({ echo: skill });
  const handed = hand(strangersRequest(), { confirms: false });
  const stopped = service.stop({ graceMs: 10 });
  await clock.advance(2_000);
  await stopped;
  handed.confirm();
  await settle();
  expect(skill).not.toHaveBeenCalled();
});

test('a message that goes back is reported with the reason', async () => {
  const gate = createGate();
  const { hand, service } = await createHeld({ review: gate.skill as Review, serve: { concurrency: 1 } });
  hand(strangersRequest({ messageId: 'm1', ...review }));
  hand(strangersRequest({ messageId: 'm2', ...review }));
  await settle();
  const { hops, stop } = watchHops();
  const stopped = service.stop({ graceMs: 0 });
  gate.open[0]?.();
  await stopped;
  stop();
  expect(hops).toContainEqual(
    expect.objectContaining({
      event: 'refused',
      messageId: 'm2',
      reason: 'agent://pr-reviewer is stopping.',
    }),
  );
});
