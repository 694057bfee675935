import { expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { memory } from '../../runtime/transports/memory.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

test('two buses of one process meet on the default broker, and a call gets its output', async () => {
  const reviewer = await createBus({ agent: 'agent://pr-reviewer', transports: [memory()] });
  const concierge = await createBus({ agent: 'agent://concierge', transports: [memory()] });
  await serve(reviewer, reviewerContract, [
    implement(reviewCapability, async ({ prUrl }) => ({ verdict: `approve ${prUrl}` })),
    implement(echoCapability, (input) => input),
  ]);
  const review = createCall(concierge, reviewerContract, reviewCapability);
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'approve x' });
  await concierge.stop();
  await reviewer.stop();
});
