import type { AssignerProtocol, PartitionAssigner } from 'kafkajs';

/** What a reader says of itself when it joins its group. */
export interface Balance {
  /** Called before each time that it joins: what it may commit is over until it has. */
  onJoining(): void;
  /** The partitions that it has, and among them those that it has work of. */
  claim(): Claim;
}

export interface Claim {
  readonly owned: readonly number[];
  readonly busy: readonly number[];
}

/** Who is to have how many partitions, and which it would keep. */
export interface Claimant extends Claim {
  readonly member: string;
}

/** How readers of one group share out the partitions of its topic, by the library's words for it. */
export function createBalance(
  { MemberMetadata, MemberAssignment }: typeof AssignerProtocol,
  { onJoining, claim }: Balance,
): PartitionAssigner {
  return ({ cluster }) => ({
    name: 'declaragent-sticky',
    version: 1,
    protocol({ topics }) {
      onJoining();
      const userData = Buffer.from(JSON.stringify(claim()));
      return { name: 'declaragent-sticky', metadata: MemberMetadata.encode({ version: 1, topics, userData }) };
    },
    async assign({ members, topics }) {
      const [topic = ''] = topics;
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      const claimants = members.map(({ memberId, memberMetadata }) => ({
        member: memberId,
        ...readClaim(MemberMetadata.decode(memberMetadata)?.userData),
      }));
      return Array.from(shareOut(partitions, claimants), ([memberId, own]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: 1,
          assignment: { [topic]: own },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

/**
 * Gives each the same number of partitions, or one more, and lets each keep what it has: first of all what it has work of,
 * which would otherwise be done twice or not at all.
 */
export function shareOut(partitions: readonly number[], claimants: readonly Claimant[]): Map<string, number[]> {
  const free = new Set(partitions);
  const byWealth = [...claimants].sort(
    (one, other) =>
      other.busy.length - one.busy.length ||
      other.owned.length - one.owned.length ||
      (one.member < other.member ? -1 : 1),
  );
  const least = Math.floor(partitions.length / claimants.length);
  const extra = partitions.length % claimants.length;
  const shares = byWealth.map(({ member, owned, busy }, index) => {
    const size = index < extra ? least + 1 : least;
    const own: number[] = [];
    for (const partition of [...busy, ...owned]) {
      if (own.length < size && free.delete(partition)) own.push(partition);
    }
    return { member, own, size };
  });
  for (const { own, size } of shares) {
    for (const partition of free) {
      if (own.length === size) break;
      free.delete(partition);
      own.push(partition);
    }
  }
  return new Map(shares.map(({ member, own }) => [member, own.sort((one, other) => one - other)]));
}

/** Others may be of another version, or another program. */
function readClaim(userData: Buffer | undefined): Claim {
  try {
    const { owned, busy }: { owned: unknown; busy: unknown } = JSON.parse(String(userData));
    return { owned: toPartitions(owned), busy: toPartitions(busy) };
  } catch {
    return { owned: [], busy: [] };
  }
}

function toPartitions(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one) => Number.isInteger(one)) : [];
}
