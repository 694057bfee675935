import { expect, test } from 'vitest';
import { AgentRpcError } from '../../runtime/errors.js';
import { parseResult, toResult } from '../../runtime/result.js';

test('only an exact result is a result', () => {
  expect(parseResult({ ok: true, data: null })).toEqual({ ok: true, data: null });
  expect(parseResult({ ok: false, error: { code: 'A', message: 'b', details: 1 } })).toEqual({
    ok: false,
    error: { code: 'A', message: 'b', details: 1 },
  });
  const others = [
    undefined,
    null,
    [],
    'ok',
    { ok: true },
    { ok: 'true', data: 1 },
    { ok: true, data: 1, more: 1 },
    { ok: true, error: { code: 'A', message: 'b' } },
    { ok: false },
    { ok: false, error: null },
    { ok: false, error: { code: 'A' } },
    { ok: false, error: { code: '', message: 'b' } },
    { ok: false, error: { code: 'A', message: 'b', stack: 'c' } },
    { ok: false, error: { code: 'A', message: 'b' }, data: 1 },
  ];
  for (const payload of others) expect(parseResult(payload)).toBeUndefined();
});

test('of an error nothing goes over but code, message and details', () => {
  const error = new AgentRpcError({ code: 'A', message: 'b', details: 1, messageId: 'm', cause: new Error('s3cret') });
  expect(toResult(error)).toEqual({ ok: false, error: { code: 'A', message: 'b', details: 1 } });
  expect(Object.keys(Object(toResult({ code: 'A', message: 'b' })).error)).toEqual(['code', 'message']);
});
