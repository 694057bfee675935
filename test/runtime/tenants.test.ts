import { expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { chainInterceptors } from '../../runtime/interceptors.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { settle } from '../support/manual-clock.js';
import { createPair, INBOX, inject, listen, strangersRequest } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

const helperContract = { ...reviewerContract, agent: 'agent://helper' } as const;

test('a call that is made for a tenant is made on for that tenant, and comes back', async () => {
  const { broker, clock, reviewer } = await createPair({
    echo: async (_, ctx) => {
      const called = createCall(ctx.bus, helperContract, echoCapability);
      await called.notify('event');
      return called('nested');
    },
  });
  const tenants: unknown[] = [];
  const helper = await createBus({ agent: 'agent://helper', transports: [memory({ broker })], clock });
  await serve(
    helper,
    helperContract,
    [implement(reviewCapability, () => {}), implement(echoCapability, (input) => input)],
    {
      interceptors: chainInterceptors((call, next) => {
        tenants.push(call.tenantId);
        return next();
      }),
    },
  );
  const heard = listen(broker, 'agents.stranger.acme.responses');
  inject(broker, INBOX, strangersRequest({ tenantId: 'acme', replyTo: 'memory://agents.stranger.acme.responses' }));
  await settle();
  expect(heard).toMatchObject([{ tenantId: 'acme', payload: { ok: true, data: 'nested' } }]);
  expect(tenants).toEqual(['acme', 'acme']);
  expect(reviewer.health().refused).toBe(0);
});

test('a call of no tenant is made on for none', async () => {
  const { echo } = await createPair({ echo: (_, ctx) => ctx.bus.tenantId ?? 'none' });
  expect(await echo(1)).toBe('none');
});

test.each(['requests', 'responses', 'events'])('no tenant is called %s, which topics are', async (tenantId) => {
  const transports = [memory({ broker: createMemoryBroker() })];
  await expect(createBus({ agent: 'agent://a', transports, tenantId })).rejects.toThrow(
    /is not a tenant's id, .* no word of topics/,
  );
});
