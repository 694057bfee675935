/** One round of one side: the time of each call one after another, and calls per second with 64 in flight. */
const IN_FLIGHT = 64;

export const payloadOf = (number) => ({
  number,
  title: 'Keep the bench and the product apart, whatever it costs',
  author: { name: 'ada', roles: ['author', 'reviewer'] },
  labels: ['bench', 'brokers'],
  approved: number % 2 === 0,
});

/** @returns {Promise<{p50Ms: number, p99Ms: number, perSecond1: number, perSecond64: number}>} */
export async function measure(call, budgetMs) {
  // Warm: whatever is set up by the first calls, and what is compiled while it runs.
  await count(call, IN_FLIGHT, budgetMs / 3);
  const times = [];
  const start = performance.now();
  for (let number = 0; performance.now() - start < budgetMs; number++) {
    const before = performance.now();
    check(number, await call(payloadOf(number)));
    times.push(performance.now() - before);
  }
  const perSecond1 = (times.length / (performance.now() - start)) * 1000;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor((times.length - 1) * share)];
  return { p50Ms: at(0.5), p99Ms: at(0.99), perSecond1, perSecond64: await count(call, IN_FLIGHT, budgetMs) };
}

async function count(call, inFlight, budgetMs) {
  const start = performance.now();
  let made = 0;
  const caller = async () => {
    while (performance.now() - start < budgetMs) {
      const number = made++;
      check(number, await call(payloadOf(number)));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return (made / (performance.now() - start)) * 1000;
}

function check(number, answer) {
  if (answer.number !== number) throw new Error(`Asked ${number}, answered ${JSON.stringify(answer)}.`);
}
