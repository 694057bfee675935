import path from 'node:path';
import { expect, test } from 'vitest';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { withFilesFrom } from '../../src/setting-files.js';

const FOLDER = path.resolve('/agents/reviewer');
const PEM = '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n';

/** What a transport is made from, by what stands in the YAML of a folder. */
async function configOf(written: Readonly<Record<string, unknown>>): Promise<unknown> {
  let seen: unknown;
  const { memory: load } = withFilesFrom(FOLDER, {
    memory: async () => (config: unknown) => {
      seen = config;
      return memory({ broker: createMemoryBroker() });
    },
  });
  (await load?.())?.(written as never);
  return seen;
}

test.each([
  [{ tls: { ca: 'ca.pem', servername: 'broker' } }, { tls: { ca: path.join(FOLDER, 'ca.pem'), servername: 'broker' } }],
  [
    { ssl: { cert: '../client.pem', key: '/k.pem' } },
    { ssl: { cert: '/agents/client.pem', key: path.resolve('/k.pem') } },
  ],
  [{ credsFile: 'me.creds' }, { credsFile: path.join(FOLDER, 'me.creds') }],
])('files that settings name are in the folder of the YAML: %j', async (written, taken) => {
  expect(await configOf({ kind: 'any', ...written })).toEqual({ kind: 'any', ...taken });
});

test.each([{ tls: { ca: PEM } }, { tls: true }, { ssl: false }, { url: 'ca.pem', user: 'key' }, { tls: {} }])(
  'what names no file stays as it is: %j',
  async (written) => {
    expect(await configOf(written)).toEqual(written);
  },
);
