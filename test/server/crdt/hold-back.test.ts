import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { holdBack } from '../../../server/crdt/hold-back.js';
import { SeekableUpdate } from '../../../server/crdt/seekable-update.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { clocksOf } from '../../../server/crdt/state-vector.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { allRoots, makeFormattedHistory } from '../../support/formatted-histories.js';
import { SeededRandom } from '../../support/seeded-random.js';

function read(updates: readonly Uint8Array[], types: boolean, from?: Uint8Array) {
  const doc = new Y.Doc();
  if (types) allRoots(doc);
  if (from) Y.applyUpdate(doc, from, 'server');
  const own: Uint8Array[] = [];
  doc.on('update', (u: Uint8Array, o: unknown) => { if (o !== 'server') own.push(u); });
  for (const u of updates) Y.applyUpdate(doc, u, 'server');
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) throw new Error('pending');
  allRoots(doc);
  return { own: own.map((u) => Buffer.from(u).toString('hex')), text: doc.getText('text').toDelta(), xml: doc.getXmlFragment('xml').toString(), map: doc.getMap('map').toJSON(), list: doc.getArray('list').toJSON(), sv: [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a],[b])=>a-b), ds: [...Y.createDeleteSetFromStructStore(doc.store).clients].sort(([a],[b])=>a-b).map(([c,d])=>[c,d.map(x=>[x.clock,x.len])]) };
}
describe('x', () => {
  it.each(Array.from({ length: Number(process.env.N ?? 40) }, (_, i) => i + 1))('seed %i', (seed) => {
    const random = new SeededRandom(seed);
    const { updates, replicas } = makeFormattedHistory(random, { clients: 1 + random.int(5), steps: 150 });
    const all = new Y.Doc({ gc: false });
    Y.applyUpdate(all, Y.mergeUpdates([...updates]));
    const gc = new Y.Doc();
    Y.applyUpdate(gc, Y.encodeStateAsUpdate(all));
    for (const u of [Y.encodeStateAsUpdate(all), Y.encodeStateAsUpdate(gc)])
      for (const types of [true, false]) {
        const whole = read([u], types);
        for (const p of [20, 60, 200, 1000]) {
          const parts = splitUpdate(u, p);
          if (parts.length === 1) continue;
          const held = holdBack({ parts: parts.map((x) => new SeekableUpdate(x)), deletes: deletes(u), has: () => 0 }, p);
          expect(read(held, types), `p ${p} types ${types}`).toEqual(whole);
          for (const replica of replicas) {
            const from = Y.encodeStateAsUpdate(replica);
            const known = new Y.Doc(); Y.applyUpdate(known, from);
            const has = clocksOf(Y.decodeStateVector(Y.encodeStateVector(known)));
            const w = read([u], types, from);
            const h = holdBack({ parts: parts.map((x) => new SeekableUpdate(x)), deletes: deletes(u), has }, p);
            expect(read(h, types, from), `p ${p} types ${types} partial`).toEqual(w);
          }
        }
      }
  });
});
function deletes(u: Uint8Array): Uint8Array | undefined {
  const d = Y.decodeUpdate(u);
  if (d.ds.clients.size === 0) return undefined;
  const e = new Y.UpdateEncoderV1();
  const doc = new Y.Doc({gc:false}); Y.applyUpdate(doc, u);
  return Y.diffUpdate(Y.encodeStateAsUpdate(doc), Y.encodeStateVector(doc));
}
