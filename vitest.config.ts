import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const NEVER = ['**/node_modules/**', '**/dist/**'];
const WITH_BROKERS = 'test/**/*.broker.test.ts';

export default defineConfig({
  resolve: {
    // Tests run on the source of the runtime, so that a stack trace points at the file that a developer edits.
    alias: [
      { find: /^@declaragent\/runtime$/, replacement: source('runtime/index.ts') },
      { find: /^@declaragent\/runtime\/testing$/, replacement: source('runtime/testing/index.ts') },
      { find: /^@declaragent\/runtime\/event-log$/, replacement: source('runtime/event-log/index.ts') },
      {
        find: /^@declaragent\/runtime\/(auth|codes|connect|formats|interceptors|retry|validation|wire)$/,
        replacement: source('runtime/$1.ts'),
      },
      { find: /^@declaragent\/runtime\/(\w+)$/, replacement: source('runtime/transports/$1.ts') },
    ],
  },
  test: {
    setupFiles: ['test/support/seed.ts'],
    // Runs of codegen in processes of their own remember nothing, unless a test gives them a place for it.
    env: { DECLARAGENT_CACHE_DIR: '' },
    exclude: [...NEVER],
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...NEVER, WITH_BROKERS],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        // After the others and two at a time: a broker that has to wait for the processor is taken for a dead one.
        test: {
          name: 'brokers',
          include: [WITH_BROKERS],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          // A shared machine may stand still for a second in a case that measures one; what fails twice is broken.
          retry: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
