// Which updates are tried before they are taken, and what a trial may not outlive.

import * as Y from 'yjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '../../../shared/logger.js';
import { SyncError } from '../../../shared/errors.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';
import { HeldTrials } from '../../support/held-trials.js';
import { editor, openRoom, textOf, WatchedWriter, type WatchedRoom } from '../../support/room-watch.js';
import { settled } from '../../support/turns.js';
import { conflictBomb, text, update } from '../crdt/hostile-updates.js';

let store: ControlledStore;
let clock: FakeClock;
let worker: HeldTrials;
let lines: { fields: LogFields; message: string }[];

const refusedBy = (code: string): object => expect.objectContaining({ code }) as object;
const limited = { code: 'RATE_LIMITED' };
const tooCostly = new SyncError('UPDATE_TOO_COSTLY');
/** A bomb of this size is tried at once. */
const [crowd, bomb] = conflictBomb(1_000);

beforeEach(() => {
  store = new ControlledStore();
  clock = createFakeClock();
  worker = new HeldTrials();
  lines = [];
});

function open(limits: Parameters<typeof openRoom>[2] = {}): Promise<WatchedRoom> {
  const keep = (fields: LogFields, message: string): void => void lines.push({ fields, message });
  const logger = { debug: keep, info: keep, warn: keep, error: keep };
  return openRoom(store, clock, { worker, logger, ...limits });
}

/** A room that holds the text of the bomb, and a writer in it. */
async function crowded(): Promise<WatchedRoom & { writer: WatchedWriter }> {
  const watched = await open();
  const writer = new WatchedWriter();
  watched.room.join(writer);
  expect(watched.room.accept(crowd, writer, true)).not.toBeInstanceOf(Promise);
  return { ...watched, writer };
}

/** A Y.Doc and the updates that its edits make. */
function recorded(clientId: number): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const updates: Uint8Array[] = [];
  doc.on('update', (made: Uint8Array, origin: unknown) => {
    if (origin !== 'remote') updates.push(made);
  });
  return { doc, updates };
}

describe('what is plain', () => {
  it('V3: is taken at once, and no worker is asked', async () => {
    const { room } = await open();
    const writer = new WatchedWriter();
    const { doc, updates } = recorded(1);
    const ytext = doc.getText('text');
    for (let i = 0; i < 300; i++) ytext.insert(ytext.length, 'a');
    for (let i = 0; i < 50; i++) ytext.insert(i * 3, 'b');
    ytext.delete(5, 20);
    ytext.insert(7, 'p'.repeat(1024 * 1024));
    for (let i = 0; i < 50; i++) doc.getMap('map').set(`k${i % 7}`, { x: i });
    for (const one of updates) expect(room.accept(one, writer, true)).not.toBeInstanceOf(Promise);
    expect(room.progress.head).toBe(updates.length);
    expect(worker.held.length).toBe(0);
  });
});

describe('what may cost every reader much', () => {
  it('V3: is tried against the document of the room before it is taken, and others go on', async () => {
    const { room, fanout, writer } = await crowded();
    const offered = room.accept(bomb, writer, true);
    expect(offered).toBeInstanceOf(Promise);
    await settled();
    expect(worker.held.length).toBe(1);
    expect(textOf(worker.held[0]!.request.updates)).toBe('x'.repeat(1_002));
    expect(worker.held[0]!.request.update).toEqual(bomb);
    expect(room.accept(editor(7).edit('typed'), new WatchedWriter(), true)).toMatchObject({ outcome: 'new' });
    expect(room.progress.head).toBe(2);
    worker.held[0]!.pass();
    expect(await offered).toMatchObject({ outcome: 'new', isIncomplete: false });
    expect(room.progress.head).toBe(3);
    expect(fanout.updates.length + writer.acked.length).toBeGreaterThan(0);
  });

  it('V3: leaves no trace when the trial refuses it', async () => {
    const { room, writer, gate } = await crowded();
    const offered = room.accept(bomb, writer, true) as Promise<unknown>;
    await settled();
    worker.held[0]!.refuse(tooCostly);
    await expect(offered).rejects.toMatchObject({ code: 'UPDATE_TOO_COSTLY' });
    expect(room.progress.head).toBe(1);
    expect(room.content.knows(bomb)).toBe(false);
    expect([room.isBusy, gate.count]).toEqual([true, 0]);
  });

  it.each([
    ['many structs', () => update([[5, 0, Array.from({ length: 6_000 }, () => text({ root: 'r' }, 'x'))]])],
    ['a large string', () => editor(5).edit('x'.repeat(3 * 1024 * 1024))],
    ['deep types', () => deep(60)],
  ])('V3: %s is tried too', async (_, make) => {
    const { room } = await open();
    const offered = room.accept(make(), new WatchedWriter(), false) as Promise<unknown>;
    await settled();
    expect(worker.held.length).toBe(1);
    worker.held[0]!.pass();
    await offered;
    expect(room.progress.head).toBe(1);
  });

  it('V3: is found in small pieces as well: first it is checked beside, then each searched edit is tried', async () => {
    const count = 4_000;
    const { room, costs } = await open();
    const writers = [new WatchedWriter(), new WatchedWriter()];
    for (const writer of writers) room.join(writer);
    void room.accept(conflictBomb(count)[0], writers[0]!, true);
    let taken = 0;
    let waiting: Promise<unknown> | undefined;
    // Two clients take turns, a letter at a time.
    for (; taken < count && waiting === undefined; taken++) {
      const client = 2000 + (taken % 2);
      const clock = Math.floor(taken / 2);
      const one = update([[client, clock, [text({ origin: [1500, 0], right: [1500, taken + 2] }, 'y')]]]);
      const outcome = room.accept(one, writers[taken % 2]!, true);
      if (outcome instanceof Promise) waiting = outcome;
    }
    // Steps grow with the square: about two million of them.
    expect(taken).toBeLessThan(2_500);
    await settled();
    expect(worker.held.map(({ request }) => request.update === undefined)).toEqual([true, false]);
    // The check finds what the pieces have made of the document.
    worker.held[0]!.pass({ bytes: 20_000, loadMs: 900 });
    await settled();
    expect(costs.levelOf(room.document)).toBe('costly');
    worker.held[0]!.refuse(tooCostly);
    await expect(waiting).rejects.toMatchObject({ code: 'UPDATE_TOO_COSTLY' });
  });

  it('V3: one after the other, so that a trial sees what the one before it added', async () => {
    const { room, writer } = await crowded();
    const half = (client: number): Uint8Array =>
      update([
        [
          client,
          0,
          Array.from({ length: 800 }, (_, i) => text({ origin: [1500, 0], right: [1500, i + 2] }, 'y')),
        ],
      ]);
    const first = room.accept(half(3000), writer, true);
    const second = room.accept(half(3001), new WatchedWriter(), true);
    await settled();
    expect(worker.held.length).toBe(1);
    worker.held[0]!.pass();
    await first;
    await settled();
    expect(textOf(worker.held[0]!.request.updates).length).toBe(1_002 + 800);
    worker.held[0]!.pass();
    await second;
    expect(room.progress.head).toBe(3);
  });
});

describe('a trial', () => {
  it('V4: is followed by another judgement: what has come meanwhile is not taken twice', async () => {
    const { room, writer } = await crowded();
    const twin = new WatchedWriter();
    const first = room.accept(bomb, writer, true);
    const second = room.accept(bomb.slice(), twin, true);
    await settled();
    worker.held[0]!.pass();
    expect(await first).toMatchObject({ outcome: 'new' });
    await settled();
    worker.held[0]!.pass();
    expect(await second).toMatchObject({ outcome: 'known' });
    expect(room.progress.head).toBe(2);
  });

  it('V4: counts for what was tried: what could not be taken before is tried again', async () => {
    const { room, writer } = await crowded();
    const { edit } = editor(9);
    const missing = edit('first');
    const structs = Array.from({ length: 1_000 }, (_, i) =>
      text({ origin: [1500, 0], right: [1500, i + 2] }, 'y'),
    );
    // Half of it depends on something that comes while the other half is tried.
    const both = update([
      [3000, 0, structs],
      [2999, 0, [text({ origin: [9, 0] }, 'z'), ...structs]],
    ]);
    const offered = room.accept(both, writer, true) as Promise<unknown>;
    await settled();
    void room.accept(missing, new WatchedWriter(), true);
    worker.held[0]!.pass();
    await settled();
    expect(room.progress.head).toBe(2);
    expect(worker.held.length).toBe(1);
    expect(worker.held[0]!.request.update!.length).toBeGreaterThan(12_000);
    worker.held[0]!.refuse(tooCostly);
    await expect(offered).rejects.toMatchObject({ code: 'UPDATE_TOO_COSTLY' });
    expect(room.progress.head).toBe(2);
  });

  it('V8: tells the worker whose update it is', async () => {
    const { room } = await crowded();
    const offered = room.accept(bomb, new WatchedWriter({ sub: 'ann' }), true) as Promise<unknown>;
    await settled();
    expect(worker.held[0]!.author).toBe('ann');
    worker.held[0]!.pass();
    await offered;
  });

  it.each([
    ['a quarter of all trials', { maxTrials: 8 }],
    ['half of their bytes', { maxTrialBytes: 4 * bomb.length }],
  ])('V8: a user has %s at most, on however many connections', async (_what, limits) => {
    const { room, gate } = await open({ limits });
    void room.accept(crowd, new WatchedWriter(), true);
    const offer = (sub?: string): Promise<unknown> =>
      room.accept(bomb.slice(), new WatchedWriter({ sub }), true) as Promise<unknown>;
    const trials = [offer('ann'), offer('ann')];
    await expect(offer('ann')).rejects.toMatchObject(limited);
    trials.push(offer('bob'), offer());
    expect(gate.count).toBe(4);
    for (let i = 0; i < 4; i++) {
      await settled();
      worker.held[0]!.pass();
    }
    await Promise.all(trials);
    expect(gate.count).toBe(0);
  });

  it('V4: does not outlive its room', async () => {
    const { room, writer } = await crowded();
    const offered = room.accept(bomb, writer, true) as Promise<unknown>;
    const waits = room.accept(bomb.slice(), new WatchedWriter(), true) as Promise<unknown>;
    await settled();
    room.close();
    worker.held[0]!.pass();
    await expect(offered).rejects.toMatchObject({ code: 'DRAINING' });
    await expect(waits).rejects.toMatchObject({ code: 'DRAINING' });
    expect(room.progress.head).toBe(1);
    expect(worker.held.length).toBe(0);
  });

  it('V4: does not outlive the stay of its writer', async () => {
    const { room, writer } = await crowded();
    const offered = room.accept(bomb, writer, true) as Promise<unknown>;
    await settled();
    room.leave(writer);
    expect(room.isBusy).toBe(true);
    worker.held[0]!.pass();
    await expect(offered).rejects.toMatchObject({ code: 'DRAINING' });
    expect(room.progress.head).toBe(1);
  });

  it('A3, V4: does not outlive the rights of its writer', async () => {
    const { room, writer } = await crowded();
    const offered = room.accept(bomb, writer, true) as Promise<unknown>;
    await settled();
    writer.mayWrite = false;
    worker.held[0]!.pass();
    await expect(offered).rejects.toMatchObject({ code: 'READ_ONLY' });
    expect(room.progress.head).toBe(1);
  });

  it('O2, V4: so many may be under way, of a connection and together', async () => {
    const watched = await open({ limits: { maxTrials: 3, maxTrialsPerConnection: 2 } });
    const { room, gate } = watched;
    void room.accept(crowd, new WatchedWriter(), true);
    const writer = new WatchedWriter();
    const trials = [writer, writer].map((one) => room.accept(bomb.slice(), one, true));
    await expect(room.accept(bomb.slice(), writer, true)).rejects.toMatchObject(limited);
    trials.push(room.accept(bomb.slice(), new WatchedWriter(), true));
    await expect(room.accept(bomb.slice(), new WatchedWriter(), true)).rejects.toMatchObject(limited);
    expect(gate.count).toBe(3);
    for (let i = 0; i < 3; i++) {
      await settled();
      worker.held[0]!.pass();
    }
    for (const trial of trials) await trial;
    expect(gate.count).toBe(0);
    const bytes = await open({ limits: { maxTrialBytes: bomb.length + 10 } });
    void bytes.room.accept(crowd, new WatchedWriter(), true);
    void bytes.room.accept(bomb.slice(), new WatchedWriter(), true);
    const refused = bytes.room.accept(bomb.slice(), new WatchedWriter(), true);
    await expect(refused).rejects.toMatchObject(limited);
    const share = await open({ limits: { maxTrialBytes: 3 * bomb.length } });
    void share.room.accept(crowd, new WatchedWriter(), true);
    const greedy = new WatchedWriter();
    void share.room.accept(bomb.slice(), greedy, true);
    await expect(share.room.accept(bomb.slice(), greedy, true)).rejects.toMatchObject(limited);
    void share.room.accept(bomb.slice(), new WatchedWriter(), true);
    expect(share.gate.count).toBe(2);
  });
});

describe('a document that loads slowly', () => {
  async function level(loadMs: number): Promise<WatchedRoom & { writer: WatchedWriter }> {
    const watched = await crowded();
    watched.costs.measured(watched.room.document, { bytes: 2_000, loadMs });
    return watched;
  }

  it('V5: is named in the log when it becomes one, and when it is fine again', async () => {
    const { costs, room } = await level(600);
    costs.measured(room.document, { bytes: 2_000, loadMs: 610 });
    expect(costs.size).toBe(1);
    costs.measured(room.document, { bytes: 2_000, loadMs: 5_000 });
    costs.measured(room.document, { bytes: 2_000_000, loadMs: 600 });
    expect(costs.size).toBe(0);
    expect(lines.map(({ fields }) => [fields['document'], fields['level']])).toEqual([
      ['doc', 'costly'],
      ['doc', 'excessive'],
      ['doc', 'fine'],
    ]);
  });

  it('V6: takes nothing searched when it is excessive, but typing on and deletions', async () => {
    const { room, writer } = await level(5_000);
    const searched = update([[3000, 0, [text({ origin: [1500, 5], right: [1500, 6] }, 'y')]]]);
    expect(() => room.accept(searched, writer, true)).toThrow(refusedBy('UPDATE_TOO_COSTLY'));
    expect(() => room.accept(bomb, writer, true)).toThrow(refusedBy('UPDATE_TOO_COSTLY'));
    const typed = update([[1500, 1_002, [text({ origin: [1500, 1_001] }, 'more')]]]);
    expect(room.accept(typed, writer, true)).toMatchObject({ outcome: 'new' });
    const deleted = update([], [[1500, [0, 500]]]);
    expect(room.accept(deleted, writer, true)).toMatchObject({ outcome: 'new' });
    expect(room.progress.head).toBe(3);
  });

  it('V6: one that a trial could not load is excessive', async () => {
    const { room, writer, costs } = await crowded();
    const offered = room.accept(bomb, writer, true) as Promise<unknown>;
    await settled();
    worker.held[0]!.refuse(new SyncError('DOCUMENT_TOO_COSTLY'));
    await expect(offered).rejects.toMatchObject({ code: 'DOCUMENT_TOO_COSTLY' });
    expect(costs.levelOf(room.document)).toBe('excessive');
  });
});

/** What honest people do, with real trials where there are any. */
describe('honest edits', () => {
  async function takeAll(updates: readonly Uint8Array[]): Promise<WatchedRoom> {
    const watched = await openRoom(store, clock);
    for (const one of updates) await watched.room.accept(one, new WatchedWriter(), true);
    return watched;
  }

  it('V3: ten thousand edits made offline pass, one by one and as one update', async () => {
    const { doc, updates } = recorded(1);
    const random = new Random(1);
    const ytext = doc.getText('text');
    for (let i = 0; i < 10_000; i++) {
      if (i % 20 === 0 && ytext.length > 10) ytext.delete(random.int(ytext.length - 5), 3);
      ytext.insert(i % 12 === 0 ? random.int(ytext.length + 1) : ytext.length, 'ab');
    }
    const whole = Y.encodeStateAsUpdate(doc);
    expect(textOf((await takeAll([whole])).room.content.all())).toBe(ytext.toString());
    store = new ControlledStore();
    expect(textOf((await takeAll(updates)).room.content.all())).toBe(ytext.toString());
  });

  it('V3: a document with a thousand paragraphs passes, and so do edits all over it', async () => {
    const { doc, updates } = recorded(1);
    const fragment = doc.getXmlFragment('prosemirror');
    const random = new Random(2);
    doc.transact(() => {
      for (let i = 0; i < 1_000; i++) {
        const paragraph = new Y.XmlElement('paragraph');
        paragraph.setAttribute('id', `p${i}`);
        const ytext = new Y.XmlText();
        ytext.insert(0, `Paragraph ${i} says something. `.repeat(3));
        ytext.format(0, 9, { bold: true });
        paragraph.insert(0, [ytext]);
        fragment.push([paragraph]);
      }
    });
    for (let i = 0; i < 500; i++) {
      const paragraph = fragment.get(random.int(1_000)) as Y.XmlElement;
      (paragraph.get(0) as Y.XmlText).insert(random.int(20), 'x');
    }
    const { room } = await takeAll(updates);
    expect(room.progress.head).toBe(updates.length);
  });

  it('V3: forty people typing at one place pass, and so does a storm of undo and redo', async () => {
    const seed = editor(1).edit('The place: here.');
    const people = Array.from({ length: 40 }, (_, i) => recorded(100 + i));
    for (const { doc } of people) Y.applyUpdate(doc, seed, 'remote');
    const all: Uint8Array[] = [];
    for (let round = 0; round < 25; round++) {
      // Nobody sees what the others type in this round.
      for (const { doc } of people) doc.getText('text').insert(11, 'w');
      for (const person of people) {
        const made = person.updates.splice(0);
        all.push(...made);
        for (const one of made)
          for (const other of people) if (other !== person) Y.applyUpdate(other.doc, one, 'remote');
      }
    }
    const [first] = people;
    const undo = new Y.UndoManager(first!.doc.getText('text'), { captureTimeout: 0 });
    for (let i = 0; i < 200; i++) first!.doc.getText('text').insert(i % 12, 'undone');
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 200; i++) undo.undo();
      for (let i = 0; i < 200; i++) undo.redo();
    }
    const { room } = await takeAll([seed, ...all, ...first!.updates]);
    expect(textOf(room.content.all())).toBe(first!.doc.getText('text').toString());
  });
});

function deep(depth: number): Uint8Array {
  const doc = new Y.Doc();
  doc.transact(() => {
    let map = doc.getMap('map');
    for (let i = 0; i < depth; i++) {
      const next = new Y.Map<unknown>();
      map.set('k', next);
      map = next;
    }
  });
  return Y.encodeStateAsUpdate(doc);
}
