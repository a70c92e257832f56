// Changes that clients ask for, in one document at once.

import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperationRunner, type OperationOrder } from '../../../server/room/operation-runner.js';
import type { RoomFanout } from '../../../server/session/room-fanout.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { createSessionServer, type SessionServer } from '../../support/session-server.js';
import { SyncError } from '../../../shared/errors.js';

/** Counts for how many orders a document was built. */
class CountingWorker extends InProcessWorker {
  readonly batches: number[] = [];

  override operate(...given: Parameters<InProcessWorker['operate']>): ReturnType<InProcessWorker['operate']> {
    this.batches.push(given[1].batches.length);
    return super.operate(...given);
  }
}

let server: SessionServer;
let worker: CountingWorker;
let runner: OperationRunner<RoomFanout>;

beforeEach(() => {
  server = createSessionServer();
  worker = new CountingWorker();
  runner = new OperationRunner({ registry: server.registry, worker, clock: server.clock, gc: true });
});

afterEach(() => server.close());

const order = (key: string, more: Partial<OperationOrder> = {}): OperationOrder => ({
  operations: [{ do: 'set', path: ['map', 'in', key], value: key }],
  author: 'ada',
  ...more,
});

/** How each ends, and what the document has then. */
async function ran(orders: readonly OperationOrder[]): Promise<{ ends: string[]; shown: unknown }> {
  const done = Promise.allSettled(orders.map((one) => runner.run('doc' as never, one)));
  await server.run(500);
  const ends = (await done).map((end) =>
    end.status === 'fulfilled' ? 'done' : (end.reason as SyncError).code,
  );
  const doc = new Y.Doc();
  for (const update of (await server.registry.open('doc' as never)).content.all()) Y.applyUpdate(doc, update);
  return { ends, shown: doc.getMap('map').toJSON() };
}

describe('P8: what many ask for in one document at once', () => {
  it('is made together', async () => {
    const keys = Array.from({ length: 250 }, (_, at) => `k${at}`);
    const { ends, shown } = await ran(keys.map((key) => order(key)));
    expect(new Set(ends)).toEqual(new Set(['done']));
    expect(shown).toEqual({ in: Object.fromEntries(keys.map((key) => [key, key])) });
    expect(worker.batches.length).toBeLessThanOrEqual(4);
  });

  it('ends for each alone: one that is refused takes no other with it', async () => {
    const refused = { computed: () => Promise.reject(new SyncError('READ_ONLY')) };
    const { ends, shown } = await ran([order('a', refused), order('b'), order('c', refused), order('d')]);
    expect(ends).toEqual(['READ_ONLY', 'done', 'READ_ONLY', 'done']);
    expect(shown).toEqual({ in: { b: 'b', d: 'd' } });
  });

  it('is not made for who has gone', async () => {
    const { ends, shown } = await ran([order('a', { isWanted: () => false }), order('b')]);
    expect(ends).toEqual(['CALL_FAILED', 'done']);
    expect(shown).toEqual({ in: { b: 'b' } });
  });
});
