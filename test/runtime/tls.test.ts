import path from 'node:path';
import { expect, test } from 'vitest';
import { readTls } from '../../runtime/tls.js';
import { createScratch } from '../support/scratch.js';

test.each([
  [undefined, undefined],
  [false, undefined],
  [true, {}],
  [{ servername: 'broker' }, { servername: 'broker' }],
])('%j means %j', (setting, options) => {
  expect(readTls(setting)).toEqual(options);
});

test('a path is read, and a text is taken as it is', () => {
  const ca = path.join(createScratch({ 'ca.pem': 'the authority' }), 'ca.pem');
  const key = '-----BEGIN PRIVATE KEY-----\nx';
  expect(readTls({ ca, key })).toEqual({ ca: 'the authority', key });
});

test('a file that cannot be read is named, with the setting', () => {
  expect(() => readTls({ cert: 'nowhere.pem' })).toThrow(
    'tls.cert names nowhere.pem, which cannot be read (ENOENT); give a PEM file or its text.',
  );
});
