import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../../../runtime/testing/index.js';
import { decodeBody, encodeBody } from '../../../runtime/transports/sqs/body.js';
import { createBrokerTime } from '../../../runtime/transports/sqs/broker-time.js';
import { isConnectionFailure, toPublishError } from '../../../runtime/transports/sqs/failure.js';
import { createHeld } from '../../../runtime/transports/sqs/held.js';
import { createLink } from '../../../runtime/transports/sqs/link.js';
import { queueNameOf, queuePrefixOf } from '../../../runtime/transports/sqs/names.js';
import { sqs } from '../../../runtime/transports/sqs.js';

describe('the name of a queue', () => {
  test.each([
    ['agents.pr-reviewer.requests', false, 'agents_pr-reviewer_requests'],
    ['agents.pr-reviewer.requests', true, 'agents_pr-reviewer_requests.fifo'],
    ['my_own_queue', false, 'my_own_queue'],
    ['my_own_queue.fifo', true, 'my_own_queue.fifo'],
  ])('of %s (FIFO: %s) is %s', (topic, fifo, name) => {
    expect(queueNameOf(topic, fifo)).toBe(name);
  });

  test('is that of the dead letters with _dlq at its end', () => {
    expect(queueNameOf('agents.x.requests', true, 'deadLetters')).toBe('agents_x_requests_dlq.fifo');
    expect(queueNameOf('own_queue', false, 'deadLetters')).toBe('own_queue_dlq');
  });

  const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/);
  const instance = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
  const topic = fc.oneof(
    id.map((agent) => `agents.${agent}.requests`),
    fc.tuple(id, instance).map(([agent, name]) => `agents.${agent}.responses.${name}`),
    fc.tuple(id, id, instance).map(([agent, tenant, name]) => `agents.${agent}.${tenant}.responses.${name}`),
  );

  test('is one that SQS takes, and another one for another topic', () => {
    fc.assert(
      fc.property(topic, topic, fc.boolean(), (one, other, fifo) => {
        const name = queueNameOf(one, fifo);
        expect(name).toMatch(fifo ? /^[\w-]{1,75}\.fifo$/ : /^[\w-]{1,80}$/);
        expect(queueNameOf(other, fifo) === name).toBe(one === other);
      }),
    );
  });

  test('begins with that of the place that it is below', () => {
    fc.assert(
      fc.property(topic, (one) => {
        const prefix = queuePrefixOf(one.slice(0, one.lastIndexOf('.') + 1));
        expect(queueNameOf(one, false).slice(0, prefix.length)).toBe(prefix);
      }),
    );
  });

  test('tells instances apart that differ in what a dot becomes', () => {
    const names = ['agents.x.responses.a_b', 'agents.x.responses.a.b'].map((one) => queueNameOf(one, false));
    expect(new Set(names).size).toBe(2);
  });
});

describe('the body of a message', () => {
  test('is the text of the envelope as it is', () => {
    const text = '{"payload":"é\\u0000😀\u202e"}';
    expect(encodeBody(Buffer.from(text))).toEqual({ text, isBase64: false });
  });

  test.each([
    ['no UTF-8', Buffer.from([0xff, 0xfe])],
    ['nothing', Buffer.alloc(0)],
    ['a character that SQS refuses', Buffer.from('{"payload":"\uffff"}')],
    ['a control character', Buffer.from('\u0000')],
  ])('is base64 where it is %s', (_, bytes) => {
    const body = encodeBody(bytes);
    expect(body.isBase64).toBe(true);
    expect(body.text).toMatch(/^[A-Za-z0-9+/=]+$/);
    expect(decodeBody(body)).toEqual(bytes);
  });

  test('keeps all bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          expect(Buffer.compare(decodeBody(encodeBody(bytes)), bytes)).toBe(0);
        },
      ),
    );
  });
});

describe('the time of the broker', () => {
  const dateAt = (ms: number): string => new Date(ms).toUTCString();

  test('is ours to the millisecond where the clocks agree', async () => {
    const clock = createVirtualClock();
    const time = createBrokerTime(clock);
    for (let step = 0; step < 20; step++) {
      const askedAt = clock.now();
      await clock.advance(37);
      time.observe(dateAt(clock.now()), askedAt);
      expect(time.now()).toBe(clock.now());
    }
  });

  test('is found within two seconds where they do not, and ever closer', async () => {
    const clock = createVirtualClock();
    const time = createBrokerTime(clock);
    const aheadMs = 300_123;
    const errors: number[] = [];
    for (let step = 0; step < 50; step++) {
      const askedAt = clock.now();
      await clock.advance(97);
      time.observe(dateAt(clock.now() + aheadMs), askedAt);
      errors.push(Math.abs(time.now() - (clock.now() + aheadMs)));
    }
    expect(errors[0]).toBeLessThanOrEqual(2_100);
    expect(errors.at(-1)).toBeLessThanOrEqual(1_200);
  });

  test('is found again when a clock is set', () => {
    const clock = createVirtualClock();
    const time = createBrokerTime(clock);
    time.observe(dateAt(clock.now()), clock.now());
    time.observe(dateAt(clock.now() - 60_000), clock.now());
    expect(Math.abs(time.now() - (clock.now() - 60_000))).toBeLessThanOrEqual(2_000);
    time.observe(undefined, clock.now());
    time.observe('no date', clock.now());
    expect(Math.abs(time.now() - (clock.now() - 60_000))).toBeLessThanOrEqual(2_000);
  });
});

describe('a message that is held', () => {
  test('is hidden for as long as it is held, by one timer for all', async () => {
    const clock = createVirtualClock();
    const extended: string[][] = [];
    const held = createHeld(clock, 3_000, async (receipts) => {
      extended.push([...receipts]);
      return receipts.map(() => true);
    });
    held.add('a');
    await clock.advance(500);
    held.add('b');
    await clock.advance(10_000);
    expect([held.isHeld('a'), held.isHeld('b')]).toEqual([true, true]);
    expect(extended.flat()).toEqual(expect.arrayContaining(['a', 'b']));
    held.delete('a');
    held.delete('b');
    const count = extended.length;
    await clock.advance(10_000);
    expect(extended).toHaveLength(count);
    expect(clock.timers()).toBe(0);
  });

  test('is not held any more when SQS could not be told in time', async () => {
    const clock = createVirtualClock();
    const held = createHeld(clock, 3_000, () => Promise.reject(new Error('no answer')));
    held.add('a');
    await clock.advance(2_999);
    expect(held.isHeld('a')).toBe(true);
    await clock.advance(1);
    expect(held.isHeld('a')).toBe(false);
    held.close();
  });
});

describe('the link', () => {
  test('is lost when the broker does not answer, and back when it does', async () => {
    let isUp = false;
    const seen: string[] = [];
    const watcher = { lost: ({ message }: Error) => seen.push(message), restored: () => seen.push('restored') };
    const link = createLink(watcher, async () => {
      if (!isUp) throw new Error('no answer');
    });
    link.suspect();
    link.suspect();
    await expect.poll(() => seen).toEqual(['no answer']);
    expect(link.lost()?.message).toBe('no answer');
    isUp = true;
    await link.standing();
    expect(seen).toEqual(['no answer', 'restored']);
    expect(link.lost()).toBeUndefined();
  });

  test('is not lost by one request that failed', async () => {
    const seen: string[] = [];
    const watcher = { lost: () => seen.push('lost'), restored: () => seen.push('restored') };
    const link = createLink(watcher, async () => {});
    link.suspect();
    await link.standing();
    expect(seen).toEqual([]);
  });

  test('lets those go who wait for it when it is closed', async () => {
    const link = createLink({ lost: () => {}, restored: () => {} }, () => Promise.reject(new Error('no answer')));
    link.suspect();
    await expect.poll(() => link.lost()).toBeDefined();
    link.close();
    await link.standing();
  });
});

describe('why something was not published', () => {
  const awsError = (name: string, status = 400) =>
    Object.assign(new Error('inside'), { name, $fault: 'client', $metadata: { httpStatusCode: status } });
  const networkError = (code: string) => Object.assign(new Error('inside'), { code, $metadata: { attempts: 1 } });
  const endOf = (error: unknown, wasSent = true) => {
    const { code, executed } = toPublishError(error, 'queue', wasSent);
    return `${code.slice('EAGENTRPC_'.length)} ${executed}`;
  };

  test.each([
    [awsError('QueueDoesNotExist'), 'NO_RESPONDER no'],
    [awsError('AWS.SimpleQueueService.NonExistentQueue'), 'NO_RESPONDER no'],
    [awsError('RequestThrottled', 403), 'BUSY no'],
    [awsError('OverLimit', 403), 'BUSY no'],
    [awsError('AccessDenied', 403), 'PUBLISH_FAILED no'],
    [awsError('InternalError', 500), 'PUBLISH_FAILED maybe'],
    [awsError('Unknown', 429), 'BUSY no'],
    [awsError('SyntaxError', 200), 'PUBLISH_FAILED maybe'],
    [Object.assign(new Error('of a batch'), { name: 'InternalError', $fault: 'server' }), 'PUBLISH_FAILED maybe'],
    [Object.assign(new Error('of a batch'), { name: 'InvalidMessageContents', $fault: 'client' }), 'PUBLISH_FAILED no'],
    [Object.assign(new Error(), { name: 'CredentialsProviderError' }), 'PUBLISH_FAILED no'],
    [networkError('ECONNREFUSED'), 'PUBLISH_FAILED no'],
    [networkError('ENOTFOUND'), 'PUBLISH_FAILED no'],
    [networkError('ECONNRESET'), 'PUBLISH_FAILED maybe'],
    [networkError('ETIMEDOUT'), 'PUBLISH_FAILED maybe'],
    [Object.assign(new Error('no connection in time'), { name: 'TimeoutError' }), 'PUBLISH_FAILED no'],
  ])('%s is %s', (error, end) => {
    expect(endOf(error)).toBe(end);
    expect(toPublishError(error, 'queue', true).message).not.toContain('inside');
  });

  test('is known to be harmless before anything was sent', () => {
    expect(endOf(networkError('ECONNRESET'), false)).toBe('PUBLISH_FAILED no');
  });

  test('is the connection only where no answer came', () => {
    expect(isConnectionFailure(networkError('ECONNRESET'))).toBe(true);
    expect(isConnectionFailure(awsError('AccessDenied', 403))).toBe(false);
    expect(isConnectionFailure(Object.assign(new Error(), { name: 'CredentialsProviderError' }))).toBe(false);
    expect(isConnectionFailure(Object.assign(new Error(), { name: 'AbortError' }))).toBe(false);
  });
});

test('what is wrong with the endpoint is said, and no secret of it', async () => {
  const watcher = { lost: () => {}, restored: () => {} };
  const owner = { agent: 'agent://x', instance: 'i' } as const;
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const connectTo = (endpoint: string) => sqs({ region: 'us-east-1', endpoint, credentials }).connect(owner, watcher);
  await expect(connectTo('no url')).rejects.toThrow('The endpoint of SQS is not a URL');
  const refused = connectTo('http://somebody:hush@127.0.0.1:1');
  await expect(refused).rejects.toThrow('SQS at 127.0.0.1:1 cannot be used (ECONNREFUSED).');
});
