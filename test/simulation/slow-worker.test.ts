// What the worker of a simulated world does with updates that would hold it up.

import { afterEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { parseDocumentName } from '../../shared/document-name.js';
import { conflictBomb, lateBomb } from '../server/crdt/hostile-updates.js';
import { createFakeClock } from '../support/fake-clock.js';
import { SeededRandom } from '../support/seeded-random.js';
import { SlowWorker } from './slow-worker.js';

const document = parseDocumentName('doc');
const worker = new SlowWorker({ clock: createFakeClock(), random: new SeededRandom(1), slowestMs: 0 });

afterEach(() => vi.restoreAllMocks());

test.each([
  ['slow to apply', conflictBomb(5_000)],
  ['slow to load', lateBomb(5_000)],
])('E1: an update that is %s is given up before Yjs has walked a step', async (_what, [crowd, bomb]) => {
  const integrated = vi.spyOn(Y.Item.prototype, 'integrate');
  await expect(worker.try(document, { updates: [crowd], update: bomb })).rejects.toMatchObject({
    code: 'UPDATE_TOO_COSTLY',
  });
  expect(integrated).toHaveBeenCalledTimes(0);
});

test('E1: one that Yjs applies in half a second at most is tried', async () => {
  const [crowd, bomb] = conflictBomb(200);
  const integrated = vi.spyOn(Y.Item.prototype, 'integrate');
  await expect(worker.try(document, { updates: [crowd], update: bomb })).resolves.toMatchObject({
    loadMs: 1,
  });
  expect(integrated.mock.calls.length).toBeGreaterThan(200);
});
