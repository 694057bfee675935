import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodePointer, encodeToken } from '../../runtime/pointer.js';

test('a pointer to the value itself leads through no keys', () => {
  expect(decodePointer('')).toEqual([]);
  expect(decodePointer('/')).toEqual(['']);
});

test('a slash and a tilde in a key are escaped, in the order that undoes itself', () => {
  expect(encodeToken('a/b~c')).toBe('a~1b~0c');
  expect(decodePointer('/~01/a~1b')).toEqual(['~1', 'a/b']);
});

test('keys of any kind come back', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('~', '/', '0', '1', 'é', '') })), (keys) => {
      expect(decodePointer(keys.map((key) => `/${encodeToken(key)}`).join(''))).toEqual(keys);
    }),
  );
});
