import { expect, test } from 'vitest';
import { loadDriver } from '../../runtime/driver.js';

const driver = { kind: 'nats', name: '@nats-io/transport-node', major: 3 } as const;

test('a driver that is installed is loaded', async () => {
  await expect(loadDriver(driver, async () => 'the module')).resolves.toBe('the module');
});

test('of a driver that is not installed one sentence says how to install it', async () => {
  // What Node throws, by importing a package that is not there.
  const name = '@declaragent/not-installed';
  const loading = loadDriver({ ...driver, name }, () => import(/* @vite-ignore */ name));
  await expect(loading).rejects.toMatchObject({
    code: 'EAGENTRPC_NO_TRANSPORT',
    executed: 'no',
    message:
      'The nats transport needs the package @declaragent/not-installed, which is not installed here; ' +
      'run "npm install @declaragent/not-installed@3".',
  });
});

test.each([
  ['it fails itself', new Error('It is broken.')],
  [
    'a package that it needs is not there',
    Object.assign(new Error("Cannot find package 'other' imported from it"), { code: 'ERR_MODULE_NOT_FOUND' }),
  ],
])('what is thrown goes on as it is where %s', async (_, error) => {
  await expect(loadDriver(driver, () => Promise.reject(error))).rejects.toBe(error);
});
