import { defineConfig } from 'vitest/config';

/** Suites that start processes or browsers. */
const serial = ['browser', 'fault', 'bench/process'].map((folder) => `test/${folder}/**/*.test.ts`);

/** Unit, contract, fuzz and socket tests run side by side; what starts processes or browsers runs one file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: serial,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'process',
          include: serial,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
