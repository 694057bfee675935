import path from 'node:path';
import { expect, test } from 'vitest';
import type { ConformanceHarness } from '../../runtime/testing/index.js';
import { memory } from '../../runtime/transports/memory.js';
import { createTransport } from '../brokers/transports.js';
import { faultsPage } from '../support/faults-page.js';
import { repository } from '../support/scratch.js';
import { brokerModes } from './broker-modes.js';
import { aptitudeOf } from './real-broker.js';

const unopened: Pick<ConformanceHarness, 'open'> = { open: () => Promise.reject(new Error('Nothing is run here.')) };

test('docs/faults.md says what is played against each transport', async () => {
  const rows: [string, ConformanceHarness][] = [['memory', { flags: memory().flags, abilities: [], ...unopened }]];
  for (const [name, mode] of Object.entries(brokerModes)) {
    const { flags } = await createTransport(mode.kind, 1, mode.settings);
    rows.push([name, { ...aptitudeOf(mode, flags), ...unopened }]);
  }
  await expect(faultsPage(rows)).toMatchFileSnapshot(path.join(repository, 'docs/faults.md'));
});
