import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { compileSvelte } from './test/support/compile-svelte.js';

/** Suites that start processes or browsers. */
const serial = ['browser', 'fault', 'bench/process', 'platforms', 'deploy'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);

/**
 * Suites over real servers that run a second time, on the transport `node`: clients of every kind, rights, tokens, large
 * messages, HTTP, and what a killed server keeps. Else suites run on what a server chooses, which is `uws` where it is. The
 * suites of the transport itself (test/server/transport) always run on both.
 */
const onNode = ['access', 'large-messages', 'long-poll', 'native', 'transport', 'y-websocket'].map(
  (suite) => `test/interop/${suite}.test.ts`,
);
const env = { HEDDLE_TRANSPORT: 'node' };

/** vitest leaves one core alone, and where there are two it would run one file at a time. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

/** Unit, contract, fuzz and socket tests run side by side; then what starts processes or browsers, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [compileSvelte('server')],
        // What the examples import, as its readers have it.
        resolve: { alias: { 'heddle/token': fileURLToPath(new URL('token/index.ts', import.meta.url)) } },
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: serial,
          testTimeout: 30_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'process',
          include: serial,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'fast on node', include: onNode, env, testTimeout: 30_000, maxWorkers } },
      {
        test: {
          name: 'process on node',
          include: ['test/fault/durability.test.ts'],
          env: { ...env, HEDDLE_CYCLES: '3' },
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
