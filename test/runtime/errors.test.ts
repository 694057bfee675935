import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { codeExplanations } from '../../runtime/codes.js';
import { AgentRpcError, errorCodes, isAgentRpcError, isRuntimeCode } from '../../runtime/errors.js';

test('every code of the table has the prefix, a sentence of meaning and a sentence of what to do', () => {
  expect(Object.keys(codeExplanations)).toEqual(Object.keys(errorCodes));
  for (const [code, row] of Object.entries(codeExplanations)) {
    expect(code).toMatch(/^EAGENTRPC_[A-Z_]+$/);
    expect(row.meaning).toMatch(/^[A-Z].*\.$/);
    expect(row.fix).toMatch(/^[A-Z].*\.$/);
  }
});

test('no code that a receiver says is a timeout of the caller, and none is abandoned', () => {
  const answered = Object.entries(errorCodes).filter(([, row]) => row.fromReceiver);
  expect(answered.map(([code]) => code)).not.toContain('EAGENTRPC_TIMEOUT');
  expect(answered.map(([, row]) => row.status)).not.toContain('abandoned');
});

test('an error takes its status and its executed from the row of its code', () => {
  const error = new AgentRpcError({ code: 'EAGENTRPC_TIMEOUT', message: 'x' });
  expect(error).toMatchObject({ status: 'timeout', executed: 'maybe' });
});

test('a declared error is an error of a skill that ran', () => {
  expect(new AgentRpcError({ code: 'DIFF_TOO_LARGE', message: 'x' })).toMatchObject({
    status: 'error',
    executed: 'yes',
  });
});

test('who throws says whether the skill ran, where the table leaves that open', () => {
  const error = new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: 'x', executed: 'maybe' });
  expect(error.executed).toBe('maybe');
});

test('the cause of an error is no part of its JSON', () => {
  const error = new AgentRpcError({ code: 'EAGENTRPC_TIMEOUT', message: 'x', cause: new Error('s3cret') });
  expect(error.cause).toBeInstanceOf(Error);
  expect(JSON.stringify(error)).not.toContain('s3cret');
  expect(inspect(error)).toContain('s3cret');
});

test('a name that every object has is not taken for a code', () => {
  expect(isRuntimeCode('constructor')).toBe(false);
  expect(new AgentRpcError({ code: 'toString', message: 'x' }).status).toBe('error');
});

test('the guard knows an AgentRpcError from other errors', () => {
  expect(isAgentRpcError(new AgentRpcError({ code: 'X', message: 'x' }))).toBe(true);
  expect(isAgentRpcError(new Error('x'))).toBe(false);
  expect(isAgentRpcError(undefined)).toBe(false);
});

test('a code that nothing raises is called reserved, and no other is', () => {
  const folder = path.resolve(import.meta.dirname, '../../runtime');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?!dist|errors|codes)[\w/-]+\.ts$/.test(name))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('');
  const unraised = Object.keys(errorCodes).filter((code) => !sources.includes(`'${code}'`));
  const reserved = Object.entries(codeExplanations).filter(([, { meaning }]) => meaning.startsWith('Reserved '));
  expect(reserved.map(([code]) => code)).toEqual(unraised);
});
