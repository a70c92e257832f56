// When updates reach readers, and when their writers hear that they are safe.

import { beforeEach, describe, expect, it } from 'vitest';
import { Relay } from '../../../server/room/relay.js';
import { mergeAccepted } from '../../../server/crdt/merge-updates.js';
import { createStoredInspector } from '../../../server/crdt/stored-inspector.js';
import type { Receipt } from '../../../server/room/writer.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { Random } from '../../support/histories.js';
import { editor, textOf, WatchedFanout, WatchedWriter } from '../../support/room-watch.js';

let clock: FakeClock;
let fanout: WatchedFanout;
let relay: Relay;
let offset: number;
let isBusy: boolean;

beforeEach(() => {
  clock = createFakeClock();
  clock.advance(1_000);
  fanout = new WatchedFanout();
  isBusy = false;
  relay = new Relay({ clock, fanout, offset: 0, isBusy: () => isBusy, inspector: createStoredInspector() });
  offset = 0;
});

function accept(writer: WatchedWriter, update: Uint8Array, sent: Receipt = update, at = ++offset): number {
  relay.add({ offset: at, update, receipt: sent, writer, isEdit: true });
  return at;
}

/** Ann, Bob and Ann again have edited, close behind each other. */
function acceptThree(): { ann: WatchedWriter; bob: WatchedWriter; updates: readonly Uint8Array[] } {
  const [ann, bob] = [new WatchedWriter(), new WatchedWriter()];
  const [one, two] = [editor(1), editor(2)];
  const updates = [one.edit('a'), two.edit('b'), one.edit('c')] as const;
  accept(ann, updates[0]);
  accept(bob, updates[1]);
  accept(ann, updates[2]);
  return { ann, bob, updates };
}

describe('an edit that comes alone', () => {
  it('R4: leaves at once, to all but the writer, and is acknowledged when durable', () => {
    const ann = new WatchedWriter();
    const update = editor(1).edit('a');
    accept(ann, update);
    expect(fanout.updates).toEqual([{ update, authors: [ann] }]);
    expect(relay.relayedOffset).toBe(1);
    expect(ann.acks).toEqual([]);
    relay.durable(1);
    expect(ann.acks).toEqual([[update]]);
    expect(fanout.updates.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('is one with 6 ms between updates, or with two readers', () => {
    const { edit } = editor(1);
    for (let i = 0; i < 5; i++) {
      accept(new WatchedWriter(), edit('a'));
      clock.advance(6);
    }
    fanout.readerCount = 2;
    for (let i = 0; i < 5; i++) accept(new WatchedWriter(), edit('a'));
    expect(fanout.updates.length).toBe(10);
  });

  it('D1: the bytes that come back are those that were sent, even when only some of them were new', () => {
    const ann = new WatchedWriter();
    const [sent, stored] = [Uint8Array.of(1), Uint8Array.of(2)];
    accept(ann, stored, sent);
    expect(fanout.updates[0]?.update).toBe(stored);
    relay.durable(1);
    expect(ann.acked).toEqual([sent]);
  });
});

describe('edits that come close behind each other', () => {
  it('R4: leave in one frame within milliseconds, without waiting for the store, and nobody gets its own', () => {
    const { ann, bob, updates } = acceptThree();
    expect(fanout.updates.length).toBe(1);
    clock.advance(6);
    const joined = mergeAccepted([updates[1]!, updates[2]!]);
    expect(fanout.updates[1]).toEqual({ update: joined, authors: [bob, ann] });
    expect(relay.relayedOffset).toBe(3);
    expect(relay.cursor).toBe(0);
    relay.durable(3);
    expect(ann.acks).toEqual([[updates[0], updates[2]]]);
    expect(bob.acks).toEqual([[updates[1]]]);
    expect(fanout.updates.length).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it.each([
    [10, 6],
    [100, 8],
    [5_000, 25],
  ])(
    'with %i live readers leave no closer than %i ms: more readers make a frame dearer',
    (readers, windowMs) => {
      fanout.readerCount = readers;
      const { edit } = editor(1);
      const writer = new WatchedWriter();
      for (let ms = 0; ms < 100; ms++) {
        accept(writer, edit('a'));
        clock.advance(1);
      }
      expect(fanout.updates.length).toBeGreaterThanOrEqual(Math.floor(99 / windowMs));
      expect(fanout.updates.length).toBeLessThanOrEqual(Math.ceil(100 / windowMs) + 1);
    },
  );

  it('too many writers at once wait for their commit: each would need a frame of its own', () => {
    fanout.readerCount = 100;
    const editors = Array.from({ length: 40 }, (_, i) => editor(i + 1));
    for (const { edit } of editors) accept(new WatchedWriter(), edit('a'));
    clock.advance(75);
    expect(fanout.updates.length).toBe(1);
    relay.durable(40);
    expect(fanout.updates.length).toBe(2);
    expect(fanout.updates[1]?.authors).toBeUndefined();
    expect(textOf(fanout.updates.map(({ update }) => update)).length).toBe(40);
    expect(clock.pending).toBe(0);
  });
});

describe('on a busy server', () => {
  beforeEach(() => {
    isBusy = true;
  });

  it('D1: what comes close behind waits until it is durable, and then goes in one frame to everybody', () => {
    const { ann, bob, updates } = acceptThree();
    clock.advance(30);
    expect(fanout.updates).toEqual([{ update: updates[0], authors: [ann] }]);
    expect(relay.relayedOffset).toBe(1);
    relay.durable(3);
    expect(fanout.updates.length).toBe(2);
    expect(fanout.updates[1]?.authors).toBeUndefined();
    expect(relay.relayedOffset).toBe(3);
    expect(textOf(fanout.updates.map(({ update }) => update)).length).toBe(3);
    // The joined frame is the acknowledgement of what is in it; the first edit left before.
    expect(ann.acked).toEqual([updates[0]]);
    expect(bob.acked).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('D1: a writer hears of what left before it gets the joined frame with what it sent later', () => {
    const heard: string[] = [];
    const ann = new WatchedWriter();
    ann.acknowledged = () => void heard.push('ack');
    const { edit } = editor(1);
    for (let i = 0; i < 3; i++) accept(ann, edit('a'));
    fanout.joined = () => void heard.push('joined');
    relay.durable(3);
    expect(heard).toEqual(['ack', 'joined']);
  });

  it('D1: durable in pieces goes out in pieces, in order', () => {
    const { edit } = editor(1);
    const ann = new WatchedWriter();
    const updates = Array.from({ length: 5 }, () => edit('x'));
    for (const update of updates) accept(ann, update);
    relay.durable(2);
    expect(fanout.updates.map(({ update }) => update)).toEqual([updates[0], updates[1]]);
    relay.durable(5);
    expect(textOf(fanout.updates.map(({ update }) => update))).toBe('xxxxx');
    expect(fanout.updates.length).toBe(3);
    expect(clock.pending).toBe(0);
  });

  it('R4: a commit that takes longer than 75 ms is not waited for', () => {
    const { ann, bob, updates } = acceptThree();
    clock.advance(74);
    expect(fanout.updates.length).toBe(1);
    clock.advance(1);
    expect(fanout.updates.length).toBe(2);
    expect(fanout.updates[1]?.authors).toEqual([bob, ann]);
    expect([ann.acked, bob.acked]).toEqual([[], []]);
    relay.durable(3);
    expect(ann.acks).toEqual([[updates[0], updates[2]]]);
    expect(bob.acks).toEqual([[updates[1]]]);
    expect(fanout.updates.length).toBe(2);
  });

  it('D1: a writer that does not get the frame is acknowledged for itself', () => {
    const [live, lagging] = [new WatchedWriter(), new WatchedWriter({ isLive: false })];
    const [one, two] = [editor(1), editor(2)];
    accept(live, one.edit('a'));
    const update = two.edit('b');
    accept(lagging, update);
    relay.durable(2);
    expect(lagging.acks).toEqual([[update]]);
  });

  it('D1: so is one whose update was taken in part, for the frame lacks some of what it sent', () => {
    const ann = new WatchedWriter();
    const { edit } = editor(1);
    accept(new WatchedWriter(), edit('a'));
    const sent = Uint8Array.of(9);
    accept(ann, edit('b'), sent);
    relay.durable(2);
    expect(ann.acks).toEqual([[sent]]);
  });

  it('R3, N3: a writer that leaves the live stream because of one acknowledgement is told the next one too', () => {
    const ann = new WatchedWriter();
    ann.acknowledged = (receipts) => {
      ann.acks.push(receipts);
      // Its buffer has grown over the limit.
      ann.isLive = false;
    };
    const { edit } = editor(1);
    accept(ann, edit('a'), 1);
    accept(ann, edit('b'), 2);
    relay.durable(2);
    expect(ann.acked).toEqual([1, 2]);
    expect(fanout.acks.at(-1)).toEqual([]);
  });

  it('R3: numbers of live writers are told by the joined frame, unless it is too large for the live stream', () => {
    const ann = new WatchedWriter();
    const { edit } = editor(1);
    accept(new WatchedWriter(), edit('a'), 1);
    accept(ann, edit('b'), 1);
    accept(ann, edit('c'), 2);
    relay.durable(3);
    expect(ann.carried).toEqual([[1, 2]]);
    expect(fanout.acks.at(-1)).toEqual([{ writer: 1, seq: 2 }]);
    fanout.maxLiveBytes = 10;
    accept(ann, edit('d'), 3);
    relay.durable(4);
    expect(ann.acked).toEqual([3]);
    expect(fanout.acks.at(-1)).toEqual([]);
  });
});

describe('updates that add nothing', () => {
  it('C3: are acknowledged at once when everything is durable, and not relayed', () => {
    const ann = new WatchedWriter();
    const known = Uint8Array.of(1);
    relay.addKnown(known, ann);
    expect(ann.acks).toEqual([[known]]);
    expect(fanout.updates).toEqual([]);
  });

  it('C3, D1: wait for what came before them, as they may be part of it', () => {
    const [ann, bob] = [new WatchedWriter(), new WatchedWriter()];
    const update = editor(1).edit('a');
    accept(ann, update);
    relay.addKnown(update.slice(), bob);
    expect(bob.acks).toEqual([]);
    relay.durable(1);
    expect(bob.acked).toEqual([update]);
    expect(fanout.updates.length).toBe(1);
  });
});

describe('what a client only passes on', () => {
  it('D1: is relayed when it is durable, and what comes after it waits its turn', () => {
    const [ann, bob] = [new WatchedWriter(), new WatchedWriter()];
    const [offered, live] = [editor(1).edit('a'), editor(2).edit('b')];
    relay.add({ offset: 1, update: offered, receipt: offered, writer: ann, isEdit: false });
    clock.advance(100);
    accept(bob, live, live, 2);
    clock.advance(100);
    expect(fanout.updates).toEqual([]);
    relay.durable(1);
    expect(fanout.updates).toEqual([{ update: offered, authors: undefined }]);
    clock.advance(100);
    expect(fanout.updates[1]).toEqual({ update: live, authors: [bob] });
    relay.durable(2);
    expect(bob.acked).toEqual([live]);
    expect(clock.pending).toBe(0);
  });
});

it('close leaves no timers', () => {
  const { edit } = editor(1);
  for (let i = 0; i < 3; i++) accept(new WatchedWriter(), edit('a'));
  expect(clock.pending).toBe(1);
  relay.close();
  expect(clock.pending).toBe(0);
});

describe.each(Array.from({ length: 40 }, (_, i) => i + 1))('random traffic (seed %i)', (seed) => {
  it('R1, R2, R3: everybody gets everything in order; each update is acknowledged once, when durable', () => {
    const random = new Random(seed);
    fanout.readerCount = 1 + random.int(5);
    const writers = Array.from({ length: 4 }, (_, i) => ({
      writer: new WatchedWriter({ isLive: random.chance(0.8) }),
      edit: editor(i + 1).edit,
    }));
    const sent: { offset: number; update: Uint8Array; writer: WatchedWriter }[] = [];
    let durable = 0;
    const check = (): void => {
      for (const { offset: at, update, writer } of sent) {
        const acks = writer.acked.filter((ack) => ack === update).length;
        const isJoined = acks === 0 && isInJoinedFrame(update);
        expect(acks + (isJoined ? 1 : 0), `update ${at}, ${durable} durable`).toBe(at <= durable ? 1 : 0);
      }
    };
    const isInJoinedFrame = (update: Uint8Array): boolean =>
      fanout.updates.some(
        ({ update: frame, authors }) => authors === undefined && Buffer.from(frame).includes(tagOf(update)),
      );
    const tagOf = (update: Uint8Array): Buffer =>
      Buffer.from(/<\d+>/.exec(Buffer.from(update).toString('latin1'))![0]);
    for (let step = 0; step < 120; step++) {
      if (random.chance(0.7)) {
        const { writer, edit } = random.pick(writers);
        const update = edit(`<${step}>`);
        sent.push({ offset: accept(writer, update), update, writer });
      } else if (random.chance(0.5)) {
        durable += random.int(offset - durable + 1);
        relay.durable(durable);
      }
      if (random.chance(0.05)) isBusy = !isBusy;
      if (random.chance(0.05)) for (const { writer } of writers) writer.isLive = random.chance(0.8);
      clock.advance(random.int(8));
      check();
    }
    durable = offset;
    relay.durable(offset);
    check();
    const seen = fanout.updates.map(({ update }) => update);
    expect(textOf(seen).length).toBe(textOf(sent.map(({ update }) => update)).length);
    expect(relay.relayedOffset).toBe(offset);
    clock.advance(100);
    expect(clock.pending).toBe(0);
  });
});

describe('edits of very many writers at once', () => {
  it.each([true, false])('R4, R6: do not wait for a store that does not answer (busy: %s)', (busy) => {
    isBusy = busy;
    fanout.readerCount = 60;
    const { doc, edit } = editor(1);
    const known = new WatchedWriter();
    for (let i = 0; i < 60; i++) {
      accept(new WatchedWriter(), edit('a'));
      relay.addKnown(i, known);
    }
    expect(relay.relayedOffset).toBe(1);
    clock.advance(60);
    expect(relay.relayedOffset).toBe(1);
    for (let part = 0; part < 6; part++) clock.advance(75);
    expect(relay.relayedOffset).toBe(60);
    expect(textOf(fanout.updates.map(({ update }) => update))).toBe(doc.getText('text').toString());
    const works = fanout.updates.map(({ authors }) => (authors?.length ?? 0) ** 2);
    expect(Math.max(...works)).toBeLessThanOrEqual(128);
    relay.durable(60);
    expect(fanout.updates.every(({ authors }) => authors !== undefined && !authors.includes(known))).toBe(
      true,
    );
    expect(known.acked.length).toBe(60);
    expect(clock.pending).toBe(0);
  });
});
