// What waits to be stored: nothing of it is dropped before it is stored, and keeping it costs little.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { CopyQueue } from '../../../client/offline/copy-queue.js';
import { UnsavedEdits } from '../../../client/offline/unsaved-edits.js';
import { textOf, updateOf } from '../../support/offline-device.js';

const noUpdate = Uint8Array.of(9, 9, 9);

describe('what waits to be stored', () => {
  test('I18 an edit that cannot be merged takes nothing with it, and nothing counts as stored', () => {
    const queue = new CopyQueue({ encodeDocument: undefined, now: () => 0 });
    queue.becomeWriter();
    queue.add(updateOf('kept'), true);
    for (const update of [updateOf('other'), noUpdate]) queue.add(update, false);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => queue.take()).toThrow('OFFLINE_CORRUPT');
      queue.putBack();
      expect([queue.hasContent, queue.isStored]).toEqual([true, false]);
    }
    const edits = new UnsavedEdits();
    for (const update of [updateOf('kept'), noUpdate]) edits.add(update);
    expect(() => edits.take()).toThrow('OFFLINE_CORRUPT');
    expect(edits.isEmpty).toBe(false);
  });

  test('I18 of edits that wait long, those of like size are merged: none is lost, none is merged each time', () => {
    const doc = new Y.Doc();
    const edits = new UnsavedEdits();
    doc.on('update', (update: Uint8Array) => edits.add(update));
    for (let i = 0; i < 1_000; i++) doc.getText('text').insert(i % 7, String(i % 10));
    edits.durable(10);
    const batch = edits.take()!;
    expect(batch.edits.length).toBeLessThan(80);
    expect(batch.edits.filter(({ first, last }) => last > first).length).toBeGreaterThan(1);
    expect([batch.last, batch.pendingCount]).toEqual([1_000, 990]);
    expect(textOf([batch.durable, batch.pending])).toBe(doc.getText('text').toJSON());
  });
});
