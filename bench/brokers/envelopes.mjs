import { randomUUID } from 'node:crypto';

/**
 * The same request and reply with messages as ours are: what a caller by hand would need besides the payload to know what
 * came back, by when, and for whom. They are written and read, and nothing is checked.
 */
export function inEnvelopes(call) {
  return async (payload) => {
    const { payload: answer } = await call({
      version: 1,
      kind: 'request',
      messageId: randomUUID(),
      correlationId: randomUUID(),
      from: 'agent://bench-caller',
      to: 'agent://bench-responder',
      capability: 'echo',
      replyTo: 'memory://agents.bench-caller.responses.0123456789ab',
      deadline: Date.now() + 30_000,
      headers: {
        'x-declaragent-ttl-ms': '30000',
        traceparent: '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01',
      },
      payload,
    });
    return answer;
  };
}
