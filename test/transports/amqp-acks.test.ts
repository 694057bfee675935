import type { ConsumeMessage } from 'amqplib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAcks } from '../../runtime/transports/amqp/acks.js';
import { createConfirm } from '../../runtime/transports/amqp/confirm.js';

const messageOf = (deliveryTag: number) => ({ fields: { deliveryTag } }) as ConsumeMessage;

/** What a broker makes of acknowledgements on a channel; counts them. */
function playChannel() {
  const held = new Set<number>();
  let frames = 0;
  return {
    held,
    frames: () => frames,
    ack({ fields: { deliveryTag } }: ConsumeMessage, allUpTo = false): void {
      frames++;
      if (!held.has(deliveryTag)) throw new Error(`The broker does not know ${deliveryTag}.`);
      for (const tag of allUpTo ? [...held].filter((tag) => tag <= deliveryTag) : [deliveryTag]) held.delete(tag);
    },
  };
}

test('whatever the order, the broker forgets what is acknowledged and nothing else', () => {
  const actions = fc.array(
    fc.oneof(
      fc.constant({ kind: 'hand out' } as const),
      fc.constant({ kind: 'flush' } as const),
      fc.record({ kind: fc.constantFrom('ack', 'nack'), which: fc.nat({ max: 20 }) }),
    ),
    { maxLength: 200 },
  );
  const check = (script: readonly { readonly kind: string; readonly which?: number }[]): void => {
    const channel = playChannel();
    const acks = createAcks(channel);
    const open: number[] = [];
    let handedOut = 0;
    for (const { kind, which = 0 } of script) {
      if (kind === 'flush') acks.flush();
      if (kind === 'hand out') {
        handedOut++;
        open.push(handedOut);
        channel.held.add(handedOut);
        acks.add(messageOf(handedOut));
      }
      const [tag] = kind === 'ack' || kind === 'nack' ? open.splice(which % Math.max(1, open.length), 1) : [];
      if (tag === undefined) continue;
      if (kind === 'ack') acks.ack(messageOf(tag));
      else {
        acks.remove(messageOf(tag));
        channel.held.delete(tag);
      }
    }
    acks.flush();
    expect([...channel.held]).toEqual(open);
  };
  fc.assert(fc.property(actions, check), { numRuns: 500, seed: 7 });
});

test('what is done with in one turn is one acknowledgement, sent by itself', async () => {
  const channel = playChannel();
  const acks = createAcks(channel);
  for (let tag = 1; tag <= 64; tag++) {
    channel.held.add(tag);
    acks.add(messageOf(tag));
  }
  for (let tag = 64; tag >= 1; tag--) acks.ack(messageOf(tag));
  expect(channel.frames()).toBe(0);
  await new Promise(process.nextTick);
  expect([channel.frames(), channel.held.size]).toEqual([1, 0]);
});

test('a channel that has ended is told nothing, and nobody fails', () => {
  const acks = createAcks({
    ack() {
      throw new Error('Channel closed');
    },
  });
  acks.add(messageOf(1));
  acks.ack(messageOf(1));
  expect(() => acks.flush()).not.toThrow();
});

test('the broker is asked at once where something waits for it, and later where nothing does', async () => {
  let asked = 0;
  const ask = async (): Promise<void> => void asked++;
  const confirm = createConfirm({ ask, unsettled: () => 1 });
  await confirm(true);
  expect(asked).toBe(1);
  const idle = confirm(false);
  await Promise.resolve().then(() => {});
  expect(asked).toBe(1);
  // One that is waited for takes the other along.
  await Promise.all([idle, confirm(true)]);
  expect(asked).toBe(2);
  await confirm(false);
  expect(asked).toBe(3);
});

test('what may wait is told with the next flush, or with what may not', async () => {
  const channel = playChannel();
  const acks = createAcks(channel);
  for (const tag of [1, 2, 3, 4]) {
    channel.held.add(tag);
    acks.add(messageOf(tag));
  }
  acks.ack(messageOf(1), true);
  acks.ack(messageOf(2), true);
  await new Promise((resolve) => setImmediate(resolve));
  expect([channel.held.size, channel.frames()]).toEqual([4, 0]);
  acks.ack(messageOf(3));
  await new Promise((resolve) => setImmediate(resolve));
  expect([channel.held.size, channel.frames()]).toEqual([1, 1]);
  acks.ack(messageOf(4), true);
  acks.flush();
  expect([channel.held.size, channel.frames()]).toEqual([0, 2]);
});
