// The door of a room: what gets in, in which order, and what comes of it.

import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import * as Y from 'yjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Acceptance } from '../../../server/room/intake.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { contentOf, loaded, makeHistory, Random } from '../../support/histories.js';
import { encodeAwareness } from '../../support/peer.js';
import { editor, openRoom, textOf, WatchedWriter, type WatchedRoom } from '../../support/room-watch.js';
import { pass, settled } from '../../support/turns.js';

let clock: FakeClock;
let store: ControlledStore;

beforeEach(() => {
  clock = createFakeClock();
  clock.advance(1_000);
  store = new ControlledStore();
});

/** Of one user, so that ids are nobody else's. */
function ann(): WatchedWriter {
  return new WatchedWriter({ sub: 'ann' });
}

function offer({ room }: WatchedRoom, update: Uint8Array, writer = ann(), isLive = true): Acceptance {
  const acceptance = room.accept(update, writer, isLive);
  if (acceptance instanceof Promise) throw new Error('answered later');
  return acceptance;
}

describe('an update', () => {
  it('D1: is relayed, written with author and time, and acknowledged when it is durable', async () => {
    const watched = await openRoom(store, clock);
    const writer = ann();
    const update = editor(1).edit('a');
    store.hold('append');
    expect(offer(watched, update, writer)).toEqual({
      outcome: 'new',
      isIncomplete: false,
      isForeign: false,
      isOwned: false,
      isLeftOut: false,
    });
    expect(watched.fanout.updates).toEqual([{ update, authors: [writer] }]);
    expect(watched.changed).toEqual(['doc']);
    expect(watched.room.isBusy).toBe(true);
    await pass(clock, 50);
    const records = [{ offset: 1, time: clock.now() - 50, author: 'ann', update }];
    expect(store.batches).toEqual([[{ document: 'doc', epoch: watched.room.epoch, records }]]);
    expect(writer.acks).toEqual([]);
    store.release('append');
    await settled();
    expect(writer.acks).toEqual([[update]]);
    expect(watched.room.isBusy).toBe(false);
  });

  it('C3: that adds nothing is acknowledged, and neither stored nor relayed again', async () => {
    const watched = await openRoom(store, clock);
    const { doc, edit } = editor(1);
    offer(watched, edit('abc'));
    await pass(clock, 20);
    const again = ann();
    expect(offer(watched, Y.encodeStateAsUpdate(doc), again).outcome).toBe('known');
    expect(again.acked.length).toBe(1);
    await pass(clock, 50);
    expect(watched.fanout.updates.length).toBe(1);
    expect(store.batches.length).toBe(1);
    expect(watched.room.progress.head).toBe(1);
  });

  it('C3: the answer to a sync request that adds nothing is not even acknowledged', async () => {
    const watched = await openRoom(store, clock);
    const again = ann();
    offer(watched, Uint8Array.of(0, 0), again, false);
    expect(again.acks).toEqual([]);
    expect(watched.changed).toEqual([]);
  });

  it('C3: of one that is known in part only the rest is stored', async () => {
    const watched = await openRoom(store, clock);
    const { doc, edit } = editor(1);
    offer(watched, edit('known'.repeat(100)));
    edit('new');
    const whole = Y.encodeStateAsUpdate(doc);
    const again = ann();
    again.isLive = false;
    offer(watched, whole, again);
    await pass(clock, 50);
    expect(watched.fanout.updates.length).toBe(2);
    expect(watched.fanout.updates[1]?.update.length).toBeLessThan(60);
    expect(again.acked).toEqual([whole]);
    expect(textOf(watched.room.content.all())).toBe(`${'known'.repeat(100)}new`);
  });

  it('C3: an id and clock that are taken are never replaced', async () => {
    const watched = await openRoom(store, clock);
    offer(watched, editor(1).edit('first'));
    expect(offer(watched, editor(1).edit('other')).outcome).toBe('known');
    expect(textOf(watched.room.content.all())).toBe('first');
  });

  it('C2: a gap holds it back; when the gap is filled it is taken', async () => {
    const watched = await openRoom(store, clock);
    const { edit } = editor(1);
    const [a, b] = [edit('a'), edit('b')];
    const writer = ann();
    expect(offer(watched, b, writer)).toEqual({
      outcome: 'blocked',
      isIncomplete: true,
      isForeign: false,
      isOwned: false,
      isLeftOut: false,
    });
    await pass(clock, 50);
    expect([watched.fanout.updates, store.batches, writer.acks]).toEqual([[], [], []]);
    offer(watched, a, writer);
    expect(offer(watched, b, writer).outcome).toBe('new');
    await pass(clock, 50);
    expect(writer.acked).toEqual([a, b]);
    // Close behind the first, it leaves a few milliseconds later, and its writer does not get it.
    expect(watched.fanout.updates.at(-1)).toEqual({ update: b, authors: [writer] });
    expect(textOf(watched.room.content.all())).toBe('ab');
  });

  it.each([
    ['garbage', Uint8Array.of(1, 2, 3)],
    ['nothing', new Uint8Array()],
    ['trailing bytes', Uint8Array.of(0, 0, 0)],
  ])('C2: %s is refused, and leaves no trace', async (_what, bytes) => {
    const watched = await openRoom(store, clock);
    expect(() => offer(watched, bytes)).toThrow(expect.objectContaining({ code: 'UPDATE_INVALID' }));
    await pass(clock, 50);
    expect([watched.fanout.updates, store.batches, watched.changed]).toEqual([[], [], []]);
    expect(watched.room.progress.head).toBe(0);
  });

  it('O2: one that makes the document too large is refused, and a smaller one still gets in', async () => {
    const watched = await openRoom(store, clock, { limits: { maxDocumentBytes: 200 } });
    offer(watched, editor(1).edit('a'.repeat(100)));
    expect(() => offer(watched, editor(2).edit('b'.repeat(150)))).toThrow(
      expect.objectContaining({ code: 'DOCUMENT_TOO_LARGE' }),
    );
    expect(offer(watched, editor(3).edit('c')).outcome).toBe('new');
    expect(textOf(watched.room.content.all()).length).toBe(101);
  });

  it('O2: nothing is taken while too much is not durable yet', async () => {
    const watched = await openRoom(store, clock, { limits: { maxUncommittedBytes: 50 } });
    store.hold('append');
    offer(watched, editor(1).edit('a'.repeat(100)));
    expect(() => offer(watched, editor(2).edit('b'))).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE' }),
    );
    store.release('append');
    await pass(clock, 50);
    expect(offer(watched, editor(2).edit('b')).outcome).toBe('new');
  });
});

describe('client ids', () => {
  it('C3: a live edit claims its id; structs of somebody else under it are not taken', async () => {
    const watched = await openRoom(store, clock);
    const [owner, bob] = [ann(), new WatchedWriter({ sub: 'bob' })];
    watched.room.join(owner);
    const mine = editor(1);
    offer(watched, mine.edit('mine'), owner);
    const forger = new Y.Doc();
    Y.applyUpdate(forger, Y.encodeStateAsUpdate(mine.doc));
    forger.clientID = 1;
    forger.getText('text').insert(4, ' forged');
    const forged = Y.encodeStateAsUpdate(forger, Y.encodeStateVector(mine.doc));
    expect(offer(watched, forged, bob)).toEqual({
      outcome: 'blocked',
      isIncomplete: false,
      isForeign: true,
      isOwned: true,
      isLeftOut: false,
    });
    expect(offer(watched, mine.edit('!'), owner).outcome).toBe('new');
    expect(textOf(watched.room.content.all())).toBe('mine!');
    watched.room.leave(owner);
    expect(offer(watched, mine.edit('?'), ann()).outcome).toBe('new');
  });

  it('C3: what somebody brings in a sync reply claims nothing', async () => {
    const watched = await openRoom(store, clock);
    const { edit } = editor(1);
    offer(watched, edit('a'), new WatchedWriter({ sub: 'bob' }), false);
    expect(offer(watched, edit('b'), ann()).outcome).toBe('new');
  });
});

describe('what a reader lacks', () => {
  it('D1: since an offset: only what is durable, as the rest might be the reader’s own', async () => {
    const watched = await openRoom(store, clock);
    const [writer, bob] = [new WatchedWriter(), new WatchedWriter()];
    const [one, two] = [editor(1), editor(2)];
    offer(watched, one.edit('durable'), writer);
    await pass(clock, 20);
    store.hold('append');
    const [own, foreign] = [one.edit('own'), two.edit('foreign')];
    offer(watched, own, writer);
    offer(watched, foreign, bob);
    expect(watched.room.catchUp.after(0)).toEqual({ updates: [expect.any(Uint8Array)], offset: 1 });
    expect(watched.room.catchUp.after(1)).toEqual({ updates: [], offset: 1 });
    store.release('append');
    await pass(clock, 20);
    expect(watched.room.catchUp.after(1)).toEqual({ updates: [mergeAccepted([own, foreign])], offset: 3 });
    expect(watched.room.catchUp.after(3)).toEqual({ updates: [], offset: 3 });
  });

  it.each([1, 2, 3, 4, 5, 6])('C1: by state vector, deletes included (seed %i)', async (seed) => {
    const { updates, replicas, reference } = makeHistory(seed);
    const watched = await openRoom(store, clock, { limits: { syncPartBytes: 400 } });
    for (const update of updates) offer(watched, update, ann(), false);
    const isExact = seed % 2 === 0;
    const expected = contentOf(reference, isExact);
    expect(contentOf(loaded(watched.room.catchUp.missing(new Map())), isExact)).toEqual(expected);
    for (const replica of replicas) {
      for (const part of watched.room.catchUp.missing(Y.decodeStateVector(Y.encodeStateVector(replica)))) {
        Y.applyUpdate(replica, part);
        // Formatted text waits for the last part (C10).
        if (isExact) expect(replica.store.pendingStructs).toBeNull();
      }
      expect(replica.store.pendingStructs).toBeNull();
      expect(contentOf(replica, isExact)).toEqual(expected);
    }
  });

  it('C1: one who has everything but the deletes gets the deletes', async () => {
    const watched = await openRoom(store, clock);
    const { doc, edit } = editor(1);
    offer(watched, edit('abc'));
    const client = new Y.Doc();
    Y.applyUpdate(client, Y.encodeStateAsUpdate(doc));
    doc.once('update', (update: Uint8Array) => void offer(watched, update));
    doc.getText('text').delete(1, 1);
    for (const part of watched.room.catchUp.missing(Y.decodeStateVector(Y.encodeStateVector(client)))) {
      Y.applyUpdate(client, part);
    }
    expect(client.getText('text').toString()).toBe('ac');
  });

  it('C1: who asks the same again later gets what has come since', async () => {
    const watched = await openRoom(store, clock);
    const { doc, edit } = editor(1);
    offer(watched, edit('a'));
    const known = Y.decodeStateVector(Y.encodeStateVector(doc));
    offer(watched, edit('b'));
    const ask = (): number[][] => watched.room.catchUp.missing(known).map((part) => [...part]);
    const first = ask();
    expect(ask()).toEqual(first);
    offer(watched, edit('c'));
    expect(ask()).not.toEqual(first);
    const client = new Y.Doc();
    for (const part of [...watched.room.content.all(), ...watched.room.catchUp.missing(known)])
      Y.applyUpdate(client, part);
    expect(client.getText('text').toString()).toBe(doc.getText('text').toString());
    const later = ask();
    doc.once('update', (update: Uint8Array) => void offer(watched, update));
    doc.getText('text').delete(0, 1);
    expect(ask()).not.toEqual(later);
  });

  it('knows what adds nothing, and refuses what is malformed', async () => {
    const watched = await openRoom(store, clock);
    const { edit } = editor(1);
    const [a, b] = [edit('a'), edit('b')];
    offer(watched, a);
    expect(watched.room.content.knows(a)).toBe(true);
    expect(watched.room.content.knows(Uint8Array.of(0, 0))).toBe(true);
    expect(watched.room.content.knows(b)).toBe(false);
    expect(() => watched.room.content.knows(Uint8Array.of(7))).toThrow(
      expect.objectContaining({ code: 'UPDATE_INVALID' }),
    );
  });
});

describe('checkpoints', () => {
  it('D1, D3: are made of what is durable, and the rest stays in the log', async () => {
    const watched = await openRoom(store, clock);
    const { doc, edit } = editor(1);
    for (let i = 0; i < 5; i++) offer(watched, edit(String(i)));
    await pass(clock, 100);
    store.hold('append');
    offer(watched, edit('later'));
    const { offset, updates } = watched.room.compaction.input();
    expect(offset).toBe(5);
    expect(textOf(updates)).toBe('01234');
    offer(watched, edit('!'));
    const update = Y.mergeUpdates(updates);
    watched.room.compaction.replaced(offset, { update, parts: [update], loadMs: 1 }, []);
    expect(watched.room.compaction.tail).toMatchObject({ records: 2, checkpointBytes: update.length });
    expect(watched.room.progress.head).toBe(7);
    expect(textOf(watched.room.content.all())).toBe(doc.getText('text').toString());
  });

  it('age is that of the first update after the checkpoint', async () => {
    const watched = await openRoom(store, clock);
    expect(watched.room.compaction.tail.ageMs).toBe(0);
    const { edit } = editor(1);
    offer(watched, edit('a'));
    clock.advance(1_000);
    offer(watched, edit('b'));
    clock.advance(1_000);
    expect(watched.room.compaction.tail.ageMs).toBe(2_000);
  });
});

describe('members', () => {
  it('keep a room busy, and take presence and claims with them', async () => {
    const watched = await openRoom(store, clock);
    const { room } = watched;
    const member = new WatchedWriter();
    room.join(member);
    expect([room.isBusy, room.memberCount]).toEqual([true, 1]);
    room.owners.announce(1, member);
    room.leave(member);
    expect([room.isBusy, room.memberCount]).toEqual([false, 0]);
    expect(room.owners.standing(1, new WatchedWriter())).toBe('free');
  });

  it('P2: one who was there before anybody spoke cannot bring back who has gone', async () => {
    const { room } = await openRoom(store, clock);
    const [silent, speaker] = [new WatchedWriter(), new WatchedWriter()];
    room.join(silent);
    room.join(speaker);
    expect(room.presence).toBeUndefined();
    room.announce(speaker, encodeAwareness([{ clientId: 1, clock: 0, state: {} }]));
    room.leave(speaker);
    room.announce(silent, encodeAwareness([{ clientId: 1, clock: 0, state: {} }]));
    expect(room.presence?.size).toBe(0);
    room.close();
  });
});

it('close leaves no timers', async () => {
  const watched = await openRoom(store, clock);
  const { edit } = editor(1);
  for (let i = 0; i < 3; i++) offer(watched, edit('a'));
  await watched.commits.settle();
  const member = new WatchedWriter();
  const awareness = (clock: number): Uint8Array => Uint8Array.of(1, 1, clock, 2, 0x7b, 0x7d);
  watched.room.announce(member, awareness(0));
  watched.room.announce(member, awareness(5));
  watched.room.leave(member);
  clock.advance(0);
  watched.room.close();
  expect(clock.pending).toBe(0);
});

describe.each(Array.from({ length: 12 }, (_, i) => i + 1))('random histories (seed %i)', (seed) => {
  it('C1, D1: what readers were sent is what the store holds, and each writer hears of each update once', async () => {
    const random = new Random(seed);
    const { updates, reference } = makeHistory(seed * 2);
    const watched = await openRoom(store, clock);
    const writers = Array.from(
      { length: 3 },
      () => new WatchedWriter({ sub: 'ann', isLive: random.chance(0.7) }),
    );
    store.delay = () => (random.chance(0.5) ? undefined : settled(1 + random.int(4)));
    const sent = new Map<WatchedWriter, number>();
    for (const update of updates) {
      const writer = random.pick(writers);
      if (offer(watched, update, writer).outcome !== 'blocked') sent.set(writer, (sent.get(writer) ?? 0) + 1);
      await pass(clock, random.int(6));
    }
    await pass(clock, 200);
    const stored = await store.kept.load(watched.room.document);
    const expected = contentOf(reference);
    expect(contentOf(loaded(stored!.records.map(({ update }) => update)))).toEqual(expected);
    expect(contentOf(loaded(watched.fanout.updates.map(({ update }) => update)))).toEqual(expected);
    for (const writer of writers) {
      if (!writer.isLive) expect(writer.acked.length).toBe(sent.get(writer) ?? 0);
      expect(new Set(writer.acked).size).toBe(writer.acked.length);
    }
  });
});
