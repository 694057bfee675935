/** tRPC: its caller, which calls the procedure as a function, and its client and fetch adapter without the network between. */
import { createTRPCClient, httpLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { review } from './zod-review.mjs';

const t = initTRPC.create();
const router = t.router({
  reviewChange: t.procedure
    .input(review)
    .output(review)
    .mutation(({ input }) => input),
});

function openCaller() {
  const caller = t.createCallerFactory(router)({});
  return { call: (input) => caller.reviewChange(input), close() {} };
}

function openAdapter() {
  const fetch = (url, options) =>
    fetchRequestHandler({ endpoint: '/trpc', router, req: new Request(url, options), createContext: () => ({}) });
  const client = createTRPCClient({ links: [httpLink({ url: 'http://localhost/trpc', fetch })] });
  return { call: (input) => client.reviewChange.mutate(input), close() {} };
}

export const rows = [
  {
    id: 'trpcCaller',
    name: 'tRPC, caller with Zod',
    notes: 'nothing is serialised',
    serialises: false,
    validates: 2,
    open: async () => openCaller(),
  },
  {
    id: 'trpcAdapter',
    name: 'tRPC, client and fetch adapter with Zod',
    notes: 'in memory, as JSON',
    serialises: true,
    validates: 2,
    open: async () => openAdapter(),
  },
];
