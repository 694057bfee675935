import { expect, test } from 'vitest';
import { createBus } from '../../../runtime/bus.js';
import { createCall } from '../../../runtime/client.js';
import { AgentRpcError } from '../../../runtime/errors.js';
import { createFaultyBroker, type FakeAnswers, fakePeer } from '../../../runtime/testing/index.js';
import { echoCapability, type ReviewerContract, reviewCapability, reviewerContract } from '../../support/reviewer.js';

async function createFake(answers: FakeAnswers<ReviewerContract> = {}, contract: ReviewerContract = reviewerContract) {
  const broker = createFaultyBroker();
  const peer = await fakePeer(contract, { transport: broker.transport(), answers });
  const bus = await createBus({ agent: 'agent://concierge', transports: [broker.transport()] });
  const review = createCall(bus, contract, reviewCapability);
  const stop = (): Promise<unknown> => Promise.all([bus.stop(), peer.stop()]);
  return { peer, review, echo: createCall(bus, contract, echoCapability), stop };
}

test('an answer is an output, a function of the input, or an error that the contract declares', async () => {
  const { peer, review, stop } = await createFake({ 'review-pr': { verdict: 'approve' } });
  expect(await review({ prUrl: 'x' })).toEqual({ verdict: 'approve' });
  peer.answer({ 'review-pr': ({ prUrl }) => ({ verdict: prUrl }) });
  expect(await review({ prUrl: 'y' })).toEqual({ verdict: 'y' });
  const details = { files: 3 };
  peer.answer({ 'review-pr': new AgentRpcError({ code: 'DIFF_TOO_LARGE', message: 'It is too large.', details }) });
  expect(await review.outcome({ prUrl: 'z' })).toMatchObject({ error: { code: 'DIFF_TOO_LARGE', details } });
  peer.answer({ 'review-pr': () => new AgentRpcError({ code: 'NOT_FOUND', message: 'It is not there.' }) });
  expect(await review.outcome({ prUrl: 'z' })).toMatchObject({ error: { code: 'NOT_FOUND' } });
  await stop();
});

test('the calls are on record', async () => {
  const { peer, review, stop } = await createFake({ 'review-pr': { verdict: 'approve' } });
  await review({ prUrl: 'x' }, { correlationId: 'c1', headers: { 'x-a': '1' } });
  expect(peer.calls).toEqual([
    expect.objectContaining({ capability: 'review-pr', input: { prUrl: 'x' }, from: 'agent://concierge' }),
  ]);
  expect(peer.calls[0]).toMatchObject({ correlationId: 'c1', headers: { 'x-a': '1' }, at: expect.any(Number) });
  await stop();
});

test('an answer that breaks the contract is refused where it is given', async () => {
  const { peer, stop } = await createFake();
  expect(() => peer.answer({ 'review-pr': { verdict: 1 } as never })).toThrow(/\/verdict must be string/);
  expect(() => peer.answer({ review: 1 } as never)).toThrow('agent://pr-reviewer has no capability review.');
  const error = new AgentRpcError({ code: 'EAGENTRPC_BUSY', message: 'no' });
  expect(() => peer.answer({ 'review-pr': error })).toThrow(/declares no error EAGENTRPC_BUSY/);
  const details = { files: 'three' };
  expect(() =>
    peer.answer({ 'review-pr': new AgentRpcError({ code: 'DIFF_TOO_LARGE', message: 'no', details }) }),
  ).toThrow(/details of DIFF_TOO_LARGE break/);
  await stop();
});

test('a function whose answer breaks the contract is on record, and its caller is told', async () => {
  const { peer, review, stop } = await createFake({ 'review-pr': () => ({ verdict: 1 }) as never });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({ error: { code: 'EAGENTRPC_SCHEMA_VIOLATION' } });
  expect(peer.errors).toEqual([expect.objectContaining({ code: 'EAGENTRPC_SCHEMA_VIOLATION' })]);
  await stop();
});

test('where nothing is said, the examples of the contract are answered', async () => {
  const examples = [
    { name: 'no output', input: { prUrl: 'a' } },
    { name: 'first', input: { prUrl: 'b' }, output: { verdict: 'first' } },
    { name: 'second', input: { prUrl: 'c' }, output: { verdict: 'second' } },
  ];
  const capabilities = { ...reviewerContract.capabilities, 'review-pr': { ...reviewCapability, examples } };
  const { peer, review, echo, stop } = await createFake({}, { ...reviewerContract, capabilities });
  expect(await review({ prUrl: 'c' })).toEqual({ verdict: 'second' });
  expect(await review({ prUrl: 'other' })).toEqual({ verdict: 'first' });
  expect(await echo.outcome(1)).toMatchObject({ error: { code: 'EAGENTRPC_HANDLER_ERROR' } });
  expect(peer.errors).toEqual([expect.objectContaining({ message: expect.stringMatching(/echo has no example/) })]);
  await stop();
});
