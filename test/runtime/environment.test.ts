import { expect, test } from 'vitest';
import { EnvironmentError, resolveEnvironment } from '../../runtime/environment.js';

const env = { HOST: 'broker', PORT: '9092', BROKERS: 'a:9092, b:9092', EMPTY: '' };

test('references are replaced wherever they stand in a string', () => {
  expect(resolveEnvironment({ url: 'amqp://${env:HOST}:${env:PORT}/' }, { env })).toEqual({
    url: 'amqp://broker:9092/',
  });
});

test('a default stands in for a variable that is missing or empty', () => {
  const value = ['x ${env:NONE:-d}', 'x ${env:EMPTY:-e}', 'x ${env:NONE:-}', 'x ${env:HOST:-d}'];
  expect(resolveEnvironment(value, { env })).toEqual(['x d', 'x e', 'x ', 'x broker']);
});

test('an item that is one reference becomes as many items as it holds', () => {
  expect(resolveEnvironment({ brokers: ['${env:BROKERS}', 'c:1'] }, { env })).toEqual({
    brokers: ['a:9092', 'b:9092', 'c:1'],
  });
});

test('a comma in a string that is no item of its own is kept', () => {
  expect(resolveEnvironment({ password: '${env:BROKERS}', list: ['x${env:BROKERS}'] }, { env })).toEqual({
    password: 'a:9092, b:9092',
    list: ['xa:9092, b:9092'],
  });
});

test('what a variable holds is not resolved again', () => {
  expect(resolveEnvironment('${env:A}', { env: { A: '${env:HOST}', HOST: 'x' } })).toBe('${env:HOST}');
});

test('values that hold no reference stay as they are', () => {
  const value = { ssl: true, port: 1, none: null, text: '$HOME ${HOME}' };
  expect(resolveEnvironment(value, { env })).toEqual(value);
});

test('a missing variable is named with its place and what to do', () => {
  const resolve = () =>
    resolveEnvironment(
      { brokers: ['${env:KAFKA_BROKERS}'] },
      { env, pointer: '/transports/1', places: { '/transports/1/brokers/0': 'capabilities.yaml:9:15' } },
    );
  expect(resolve).toThrow(EnvironmentError);
  expect(resolve).toThrow(
    /^capabilities\.yaml:9:15: The environment variable KAFKA_BROKERS is not set or is empty; set it, or give it a default with /,
  );
});

test('all variables that are missing are named at once, by pointer where no place is known', () => {
  const resolve = () => resolveEnvironment({ 'a/b': '${env:X}', c: { d: '${env:EMPTY}' } }, { env });
  expect(resolve).toThrow(
    expect.objectContaining({
      problems: [
        expect.objectContaining({ place: '/a~1b', variable: 'X' }),
        expect.objectContaining({ place: '/c/d', variable: 'EMPTY' }),
      ],
    }),
  );
});

test('a reference that cannot be read is an error, not a string that goes to a broker', () => {
  for (const text of ['${env:}', '${env:9X}', '${env:A', '${env:A-b}']) {
    expect(() => resolveEnvironment(text, { env: { A: 'a' } })).toThrow(/is not a reference/);
  }
});

test('a key named __proto__ stays a key', () => {
  const value: unknown = JSON.parse('{"__proto__":"${env:HOST}"}');
  const resolved = resolveEnvironment(value, { env });
  expect(JSON.stringify(resolved)).toBe('{"__proto__":"broker"}');
  expect(Object.getPrototypeOf(resolved)).toBe(Object.prototype);
});

test('a variable that is empty is said to be so', () => {
  expect(() => resolveEnvironment('${env:EMPTY}', { env })).toThrow(/variable EMPTY is not set or is empty;/);
});
