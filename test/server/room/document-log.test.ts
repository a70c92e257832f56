// Offsets and bytes of one live document.

import * as Y from 'yjs';
import { describe, expect, it } from 'vitest';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { DocumentLog } from '../../../server/room/document-log.js';
import { splitUpdate } from '../../../server/crdt/split-update.js';
import { editor, textOf } from '../../support/room-watch.js';

/** A log of this many updates after a checkpoint of three, at offset 3. */
function makeLog(
  tail: number,
  pieceBytes = 1_000,
): {
  log: DocumentLog;
  updates: Uint8Array[];
  doc: Y.Doc;
  edit: (text: string) => Uint8Array;
} {
  const { doc, edit } = editor(1);
  const updates = ['a', 'b', 'c'].map((text) => edit(text));
  const log = new DocumentLog(3, [Y.encodeStateAsUpdate(doc)], pieceBytes);
  for (let i = 0; i < tail; i++) {
    const update = edit(String(i));
    updates.push(update);
    log.append(update);
  }
  return { log, updates, doc, edit };
}

describe('an empty log', () => {
  it('starts at offset 0 and holds nothing', () => {
    const log = new DocumentLog(0, [], 1_000);
    expect(log).toMatchObject({ head: 0, tailLength: 0, tailBytes: 0, checkpointBytes: 0, bytes: 0 });
    expect(log.all()).toEqual([]);
    expect(log.diff(new Map())).toEqual([]);
  });
});

describe('read', () => {
  it('C4: gives nothing after an offset whose updates are not there any more, rather than later ones', () => {
    const { log } = makeLog(4);
    expect(log.read(3, 7).offset).toBe(7);
    expect(() => log.read(2, 7)).toThrow(RangeError);
  });
});

describe('append', () => {
  it('numbers on from the checkpoint and counts bytes', () => {
    const { log, updates, edit } = makeLog(2);
    const update = edit('x');
    expect(log.append(update)).toBe(6);
    expect(log).toMatchObject({ head: 6, checkpointOffset: 3, tailLength: 3 });
    expect(log.tailBytes).toBe([...updates.slice(3), update].reduce((sum, { length }) => sum + length, 0));
    expect(log.bytes).toBe(log.checkpointBytes + log.tailBytes);
  });
});

describe('all', () => {
  it.each([0, 1, 3, 4, 20])(
    'C1: is the whole document, in causal order, with %i updates in the tail',
    (tail) => {
      const { log, doc } = makeLog(tail);
      expect(textOf(log.all())).toBe(doc.getText('text').toString());
      expect(log.all().length).toBeLessThanOrEqual(4);
    },
  );

  it.each([2, 10])('gives the same arrays until there is something new (%i updates)', (count) => {
    const log = new DocumentLog(0, [], 1_000);
    const { edit } = editor(1);
    for (let i = 0; i < count; i++) log.append(edit('a'));
    const first = log.all();
    const again = log.all();
    expect(again.length).toBe(first.length);
    for (const [i, part] of again.entries()) expect(part).toBe(first[i]);
    log.append(edit('b'));
    expect(textOf(log.all())).toBe(`${'a'.repeat(count)}b`);
  });

  it('C1: is up to date after each append', () => {
    const { log, doc, edit } = makeLog(6);
    log.all();
    log.diff(new Map([[1, 1]]));
    log.append(edit('later'));
    expect(textOf(log.all())).toBe(doc.getText('text').toString());
    const client = new Y.Doc();
    for (const part of log.diff(new Map())) Y.applyUpdate(client, part);
    expect(client.getText('text').toString()).toBe(doc.getText('text').toString());
  });
});

describe('read', () => {
  it('C4: takes piece after piece of what comes after an offset, and nothing after another', () => {
    const { log, updates } = makeLog(40, 100);
    const end = 30;
    const pieces: Uint8Array[] = [];
    for (let after = 5; after < end;) {
      const piece = log.read(after, end);
      const read = updates.slice(after, piece.offset);
      expect(piece.update).toEqual(mergeAccepted(read));
      const isFull = piece.offset < end && sizeOf([...read, updates[piece.offset]!]) > 100;
      expect(sizeOf(read) <= 100 && (isFull || piece.offset === end)).toBe(true);
      pieces.push(piece.update);
      after = piece.offset;
    }
    expect(pieces.length).toBeGreaterThan(2);
    const client = new Y.Doc();
    for (const update of [...updates.slice(0, 5), ...pieces]) Y.applyUpdate(client, update);
    const wanted = new Y.Doc();
    for (const update of updates.slice(0, end)) Y.applyUpdate(wanted, update);
    expect(Y.encodeStateAsUpdate(client)).toEqual(Y.encodeStateAsUpdate(wanted));
  });

  it('O2: many readers at one offset are given the same piece, made once, however the log grows', () => {
    const { log, edit } = makeLog(40, 100);
    const first = log.read(3, 43);
    log.append(edit('more'));
    expect(log.read(3, 44).update).toBe(first.update);
    expect(log.read(3, 43).update).toBe(first.update);
    expect(log.read(3, first.offset - 1).offset).toBe(first.offset - 1);
    expect(log.all()[1]).toBe(log.read(3, 44).update);
  });

  it('an update that is larger than a piece is one', () => {
    const { log, updates, edit } = makeLog(2, 100);
    const large = edit('x'.repeat(500));
    log.append(large);
    log.append(edit('y'));
    expect(log.read(3, 7)).toMatchObject({ update: mergeAccepted(updates.slice(3, 5)), offset: 5 });
    expect(log.read(5, 7)).toMatchObject({ update: large, offset: 6 });
  });
});

describe('sizes', () => {
  it('S16: are those of the updates after the checkpoint, up to an offset', () => {
    const { log, updates } = makeLog(4);
    expect([...log.sizes(5)]).toEqual(updates.slice(3, 5).map(({ length }) => length));
    expect([...log.sizes(3)]).toEqual([]);
    expect(log.bytesBetween(4, 6)).toBe(updates[4]!.length + updates[5]!.length);
    expect(log.bytesBetween(7, 7)).toBe(0);
  });
});

describe('diff', () => {
  it.each([0, 1, 2, 3, 4, 6, 7])('C1: brings one who has %i characters to the whole', (has) => {
    const { log, updates, doc } = makeLog(4);
    const client = new Y.Doc();
    for (const update of updates.slice(0, has)) Y.applyUpdate(client, update);
    const diff = log.diff(Y.decodeStateVector(Y.encodeStateVector(client)));
    for (const part of diff) Y.applyUpdate(client, part);
    expect(client.getText('text').toString()).toBe(doc.getText('text').toString());
    expect(diff.length === 0).toBe(has === 7);
  });
});

describe('replace', () => {
  it('D3: keeps the updates that came after the checkpoint, and every offset', () => {
    const { log, updates, doc, edit } = makeLog(6);
    const merged = Y.mergeUpdates(updates.slice(0, 7));
    log.all();
    log.diff(new Map([[1, 2]]));
    log.replace(7, [merged]);
    expect(log).toMatchObject({
      head: 9,
      checkpointOffset: 7,
      tailLength: 2,
      checkpointBytes: merged.length,
    });
    expect(log.tailBytes).toBe(updates[7]!.length + updates[8]!.length);
    expect(log.read(7, 9)).toMatchObject({ update: mergeAccepted(updates.slice(7)), offset: 9 });
    expect(textOf(log.all())).toBe(doc.getText('text').toString());
    const client = new Y.Doc();
    for (const part of log.diff(new Map())) Y.applyUpdate(client, part);
    expect(client.getText('text').toString()).toBe(doc.getText('text').toString());
    const next = edit('!');
    expect(log.append(next)).toBe(10);
    expect(log.read(9, 10)).toMatchObject({ update: next, offset: 10 });
  });

  it('D3: with nothing after the checkpoint there is no tail left', () => {
    const { log, doc } = makeLog(2);
    log.replace(5, splitUpdate(Y.encodeStateAsUpdate(doc), 4));
    expect(log).toMatchObject({ head: 5, tailLength: 0, tailBytes: 0 });
    expect(textOf(log.all())).toBe('abc01');
  });
});

describe('upTo', () => {
  it('D1: a checkpoint is made of nothing after its offset', () => {
    const { log } = makeLog(4);
    expect(textOf(log.upTo(5))).toBe('abc01');
    expect(textOf(log.upTo(3))).toBe('abc');
  });
});

function sizeOf(updates: readonly Uint8Array[]): number {
  return updates.reduce((sum, { length }) => sum + length, 0);
}
