// What LevelDB takes when nothing is in its way: chained batches, each on the disk before the next, nothing else to do.

import type { Level } from 'level';
import { loadServerPackage } from '../../server/server-packages.js';

export interface BatchPlan {
  /** An empty folder, or one that does not exist yet. */
  readonly directory: string;
  /** What is written, over and over; each put gets a key of its own. */
  readonly values: readonly Uint8Array[];
  /** Keys are spread over so many documents. */
  readonly documents: number;
  /** Puts in one batch. */
  readonly batchSize: number;
  /** Least length of the measured stretch; it ends with a whole batch. */
  readonly seconds: number;
}

export interface BatchResult {
  /** Puts that are on the disk. */
  readonly written: number;
  readonly seconds: number;
}

/** Writes batches with `sync`, one in flight, for some seconds. Rejects with LevelDB's own errors. */
export async function writeChainedBatches(plan: BatchPlan): Promise<BatchResult> {
  const { Level } = await loadServerPackage('level', () => import('level'));
  // Opened as the server's store opens its own.
  const database = new Level<Uint8Array, Uint8Array>(plan.directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    writeBufferSize: 8 * 1024 * 1024,
  });
  await database.open();
  try {
    const startedAt = performance.now();
    let written = 0;
    let seconds = 0;
    while (seconds < plan.seconds) {
      await writeBatch(database, plan, written);
      written += plan.batchSize;
      seconds = (performance.now() - startedAt) / 1000;
    }
    return { written, seconds };
  } finally {
    await database.close();
  }
}

async function writeBatch(
  database: Level<Uint8Array, Uint8Array>,
  { values, documents, batchSize }: BatchPlan,
  first: number,
): Promise<void> {
  const batch = database.batch();
  for (let put = first; put < first + batchSize; put++) {
    batch.put(keyOf(put % documents, Math.floor(put / documents)), values[put % values.length]!);
  }
  await batch.write({ sync: true });
}

/** As long as a log record's key: a document, and a rising offset in it. */
function keyOf(document: number, offset: number): Uint8Array {
  const key = Buffer.alloc(12);
  key.writeUInt32BE(document, 0);
  key.writeBigUInt64BE(BigInt(offset), 4);
  return key;
}
