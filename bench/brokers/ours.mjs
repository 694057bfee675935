/** A typed call, as generated code makes it, with a validator at all four points. */
import { createBus, createCall, createDuplicates, implement, serve as serveContract } from '@declaragent/runtime';
import { defineCheck, defineValidator } from '@declaragent/runtime/validation';

const isReview = (value) =>
  typeof value === 'object' &&
  value !== null &&
  typeof value.number === 'number' &&
  typeof value.title === 'string' &&
  typeof value.author?.name === 'string' &&
  Array.isArray(value.labels) &&
  typeof value.approved === 'boolean';
const validator = () => {
  const check = defineCheck((value) => {
    const ok = isReview(value);
    check.errors = ok ? null : [{ path: '', keyword: 'type', message: 'must be a review' }];
    return ok;
  });
  return defineValidator({}, check);
};
const ECHO = { name: 'echo', idempotent: true, input: validator(), output: validator(), errors: {} };
const contract = { format: 1, agent: 'agent://bench-responder', capabilities: { echo: ECHO } };

/** Each message is remembered until its time is up: a run makes more than the 100,000 that a service remembers unless told. */
const MAX_ENTRIES = 10_000_000;

const transportOf = async (config) => (await import(`@declaragent/runtime/${config.kind}`))[config.kind](config);

export async function serve(config) {
  const bus = await createBus({ agent: contract.agent, transports: [await transportOf(config)] });
  const duplicates = createDuplicates({ maxEntries: MAX_ENTRIES });
  await serveContract(bus, contract, [implement(ECHO, (input) => input)], { duplicates });
}

export async function openCall(config) {
  const bus = await createBus({ agent: 'agent://bench-caller', transports: [await transportOf(config)] });
  return createCall(bus, contract, ECHO);
}
