/** What the rows say of each other. Machines differ and are shared: these are what can be compared. */
import { CONCURRENCIES } from './measure.mjs';

/** Each ratio with its rows: above the line, below it, and what is compared. */
const COMPARISONS = {
  p50OverFloor: ['declaragent', 'floorEnvelope', ({ p50 }) => p50],
  p50OverFloorPayload: ['declaragent', 'floor', ({ p50 }) => p50],
  p50OverFloorWithAjv: ['declaragent', 'floorEnvelopeAjv', ({ p50 }) => p50],
  p50OverFloorBytes: ['declaragent', 'floorBytes', ({ p50 }) => p50],
  cpuOverFloor: ['declaragent', 'floorEnvelope', ({ cpu }) => cpu],
  eventLogCost: ['declaragent', 'declaragentLogged', ({ perSecond }) => perSecond[64]],
  signingCost: ['declaragent', 'declaragentSigned', ({ perSecond }) => perSecond[64]],
};

/** Among whom the fastest is looked for. A peer that checks the input alone does not validate what we do. */
const PEERS = {
  throughputOverFastestValidatingPeer: ({ serialises, validates }) => serialises && validates >= 2,
  throughputOverFastestSerialisingPeer: ({ serialises }) => serialises,
};

/**
 * Computes what the measured rows allow. The throughput over that of a peer is the least of the ratios at each number of
 * calls in flight, against the peer that is the fastest there.
 */
export function ratiosOf(rows) {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const own = byId.get('declaragent');
  const ratios = {};
  const peers = {};
  for (const [name, [above, below, pick]] of Object.entries(COMPARISONS)) {
    const [one, other] = [byId.get(above), byId.get(below)];
    if (one !== undefined && other !== undefined) ratios[name] = pick(one) / pick(other);
  }
  for (const [name, isMeant] of Object.entries(PEERS)) {
    const candidates = rows.filter((row) => row.role === 'peer' && isMeant(row));
    if (own === undefined || candidates.length === 0) continue;
    const against = CONCURRENCIES.map((each) => compareAt(each, own, candidates));
    const least = against.reduce((worst, one) => (one.ratio < worst.ratio ? one : worst));
    ratios[name] = least.ratio;
    peers[name] = least.peer;
    for (const [index, each] of CONCURRENCIES.entries()) ratios[`${name}At${each}`] = against[index].ratio;
  }
  return { ratios, peers };
}

function compareAt(concurrency, own, candidates) {
  const fastest = candidates.reduce((best, one) =>
    one.perSecond[concurrency] > best.perSecond[concurrency] ? one : best,
  );
  return { ratio: own.perSecond[concurrency] / fastest.perSecond[concurrency], peer: fastest.name };
}
