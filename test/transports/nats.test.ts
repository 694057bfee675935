import { headers, type Msg } from '@nats-io/transport-node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AgentRpcError } from '../../runtime/errors.js';
import { createDeadLetters } from '../../runtime/transports/nats/dead-letters.js';
import type { NatsLink } from '../../runtime/transports/nats/link.js';
import { readPlaces, showPlace } from '../../runtime/transports/nats/places.js';
import { createPublisher } from '../../runtime/transports/nats/publisher.js';

const show = (server: string): string => readPlaces([server]).map(showPlace).join();

describe('the address of a NATS server', () => {
  test.each([
    ['nats-1', 'nats-1:4222'],
    ['nats-1:4223', 'nats-1:4223'],
    ['tls://nats-1.example.com:4223/', 'nats-1.example.com:4223'],
    ['nats://name:123s3cret@nats-1:4223', 'nats-1:4223'],
    ['nats://name:s3@cret@nats-1', 'nats-1:4222'],
    ['nats://nats-1:1?token=s3cret', 'nats-1:1'],
    ['nats://[::1]:4223', '[::1]:4223'],
    ['::1', '[::1]:4222'],
  ])('%s is shown as %s', (server, shown) => {
    expect(show(server)).toBe(shown);
  });

  test.each([
    '',
    'ws://s3cret:4222',
    'nats-1:s3cret',
    'nats-1:99999',
    'token=s3cret',
    'nats://name:s3/cret@nats-1:4222',
    'nats://nats-1:1?token=s3@cret',
  ])('%s is refused, and not quoted', (server) => {
    expect(() => readPlaces(['nats-1', server])).toThrow(/^servers\[1\] of the NATS transport is not host:port\.$/);
  });
});

describe('the publisher', () => {
  test('writes nothing to a subject that is longer than a server reads', async () => {
    const written: string[] = [];
    const client = {
      publish: (subject: string) => void written.push(subject),
      subscribe: () => {},
      flush: async () => {},
    };
    const publisher = createPublisher({ client, lost: () => undefined } as unknown as NatsLink, 'status');
    const longest = 'a'.repeat(1_024);
    await publisher.publish(longest, new Uint8Array());
    for (const subject of [`${longest}a`, 'ä'.repeat(513)]) {
      await expect(publisher.publish(subject, new Uint8Array())).rejects.toMatchObject({
        ...{ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' },
        message: expect.stringMatching(/^A subject of \d+ characters is too long; 1024 bytes are the most\.$/),
      });
    }
    publisher.close();
    expect(written).toEqual([longest]);
  });
});

describe('a dead letter', () => {
  const MAX_DELIVERIES = 5;
  const LAST_DELIVERY = MAX_DELIVERIES + 3;
  const LETTERS = 'agents.pr-reviewer.requests.dlq';

  afterEach(() => vi.restoreAllMocks());

  /** What was published, where the dead letters refuse it as `refuse` says. */
  const bury = (
    message: Partial<Msg>,
    deliveries: number,
    refuse: (bytes: Uint8Array) => AgentRpcError | undefined,
  ) => {
    const published: { readonly subject: string; readonly bytes: string; readonly reason: string }[] = [];
    let lost: Error | undefined;
    const keep = createDeadLetters({
      maxDeliveries: MAX_DELIVERIES,
      createHeaders: headers,
      link: { lost: () => lost },
      publisher: {
        async publish(subject, bytes, options) {
          const error = subject === LETTERS ? refuse(bytes) : undefined;
          if (error?.executed === 'maybe') lost = error;
          if (error !== undefined) throw error;
          const reason = options?.headers?.get('x-declaragent-reason') ?? '';
          published.push({ subject, bytes: Buffer.from(bytes).toString(), reason });
        },
      },
    });
    const dead = { message: message as Msg, token: 'token', deliveries, reason: 'It is none.' };
    return { published, buried: keep(dead, LETTERS) };
  };
  const refused = (executed: 'no' | 'maybe' = 'no'): AgentRpcError =>
    new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: 'The stream does not take it: no.', executed });

  test('that is refused as it came is kept as its first KiB, and says so', async () => {
    const data = Buffer.alloc(5_000, 'a');
    const { published, buried } = bury({ data }, 1, (bytes) => (bytes.length > 2_000 ? refused() : undefined));
    await buried;
    expect(published).toEqual([
      {
        subject: LETTERS,
        bytes: 'a'.repeat(1_024),
        reason: 'It is none. (No more than 1024 of its 5000 bytes could be kept.)',
      },
      { subject: 'token', bytes: '+ACK', reason: '' },
    ]);
  });

  test('whose headers cannot be read is kept without them', async () => {
    const message = {
      data: Buffer.from('bytes'),
      get headers(): never {
        throw new Error('A header has a blank in its name.');
      },
    };
    const { published, buried } = bury(message, 1, () => undefined);
    await buried;
    expect(published.map(({ bytes }) => bytes)).toEqual(['bytes', '+ACK']);
  });

  test('that is refused in every form comes again, and then is dropped with a warning', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const data = Buffer.from('s3cret');
    const early = bury({ data }, LAST_DELIVERY - 1, () => refused());
    await expect(early.buried).rejects.toThrow('does not take it');
    expect(early.published).toEqual([]);
    expect(warn).not.toHaveBeenCalled();

    const last = bury({ data }, LAST_DELIVERY, () => refused());
    await last.buried;
    expect(last.published).toEqual([{ subject: 'token', bytes: '+TERM', reason: '' }]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      `A message is dropped that ${LETTERS} does not take: The stream does not take it: no. It was refused: It is none.`,
    ]);
  });

  test('that is lost with the connection is never dropped', async () => {
    const { published, buried } = bury({ data: Buffer.from('x') }, 1_000, () => refused('maybe'));
    await expect(buried).rejects.toThrow('does not take it');
    expect(published).toEqual([]);
  });
});
