// The yardstick for durable writes: that what it counts is on the disk.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { expect, onTestFinished, test } from 'vitest';
import { writeChainedBatches } from '../../../bench/level-baseline/chained-batches.js';

test('every put that is counted is there, under a key of its own, with the bytes given', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const values = [Uint8Array.of(1), Uint8Array.of(2, 2), Uint8Array.of(3, 3, 3)];
  const { written, seconds } = await writeChainedBatches({
    directory,
    values,
    documents: 2,
    batchSize: 6,
    seconds: 0.05,
  });
  expect(seconds).toBeGreaterThanOrEqual(0.05);
  expect(written % 6).toBe(0);
  const database = new Level<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  onTestFinished(() => database.close());
  const stored = await database.values().all();
  expect(stored).toHaveLength(written);
  for (const length of [1, 2, 3])
    expect(stored.filter((value) => value.length === length)).toHaveLength(written / 3);
});
