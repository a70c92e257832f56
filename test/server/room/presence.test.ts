// Who is here: told as y-protocols' own Awareness needs to hear it, and only by those it is about.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../shared/limits.js';
import { encodeAwareness, type AwarenessEntry } from '../../support/peer.js';
import { PresenceWatch } from '../../support/presence-watch.js';
import { WatchedWriter } from '../../support/room-watch.js';

const invalid = expect.objectContaining({ code: 'AWARENESS_INVALID' });

let watch: PresenceWatch;

beforeEach(() => {
  watch = new PresenceWatch();
});

describe('ownership', () => {
  it('P1: an id belongs to the connection that introduced it; the others are dropped without a word', () => {
    const owner = new WatchedWriter();
    const forger = new WatchedWriter();
    expect(watch.say(owner, { clientId: 1, clock: 0, state: { name: 'owner' } })).toEqual([1]);
    watch.heard();
    expect(watch.say(forger, { clientId: 1, clock: 99, state: { name: 'forged' } })).toEqual([]);
    expect(watch.say(forger, { clientId: 1, clock: 99, state: null })).toEqual([]);
    expect(watch.heard()).toEqual([]);
    expect(watch.everybody()).toEqual([{ clientId: 1, clock: 1, state: { name: 'owner' } }]);
  });

  it('P1: of a mixed message only what is its own is taken', () => {
    const one = new WatchedWriter();
    const two = new WatchedWriter();
    watch.say(one, { clientId: 1, clock: 0, state: { n: 1 } });
    const introduced = watch.say(
      two,
      { clientId: 1, clock: 5, state: { n: 'forged' } },
      { clientId: 2, clock: 0, state: { n: 2 } },
    );
    expect(introduced).toEqual([2]);
    expect(watch.everybody().map(({ state }) => state)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('P1: an id that a connection has introduced beside its own goes to the connection that begins with it', () => {
    const tab = new WatchedWriter();
    watch.say(tab, { clientId: 1, clock: 0, state: { n: 1 } }, { clientId: 2, clock: 4, state: { n: 2 } });
    const otherTab = new WatchedWriter();
    watch.presence.join(otherTab);
    expect(watch.say(otherTab, { clientId: 2, clock: 4, state: { n: 'itself' } })).toEqual([2]);
    watch.presence.leave(tab);
    expect(watch.everybody().map(({ clientId }) => clientId)).toEqual([2]);
  });

  it.each([
    ['that came later', 'what it was told at last'],
    ['that was there before', 'what it was told at last'],
    ['that was there before', 'what it was told at first'],
    ['that came meanwhile', 'what it was told at last'],
    ['that came meanwhile', 'what it was told at first'],
  ])(
    'P1: a page %s, and repeats %s without telling of itself, does not take an id that is not its speaker’s own',
    (when, what) => {
      const silent = new WatchedWriter();
      const speaker = new WatchedWriter();
      if (when === 'that was there before') watch.presence.join(silent);
      const own = { clientId: 1, clock: 0, state: { n: 1 } };
      watch.say(speaker, own, { clientId: 2, clock: 0, state: { at: 1 } });
      const first = watch.heard().filter(({ clientId }) => clientId === 2);
      if (when === 'that came meanwhile') watch.presence.join(silent);
      watch.say(speaker, { clientId: 2, clock: 2, state: { at: 2 } });
      const last = watch.heard();
      if (when === 'that came later') watch.presence.join(silent);
      expect(watch.say(silent, ...(what === 'what it was told at last' ? last : first))).toEqual([]);
      watch.presence.leave(silent);
      expect(watch.heard()).toEqual([]);
      expect(watch.everybody().map(({ clientId }) => clientId)).toEqual([1, 2]);
      // The client that the id belongs to renews it.
      expect(watch.say(new WatchedWriter(), { clientId: 2, clock: 3, state: { at: 2 } })).toEqual([2]);
    },
  );

  it('P1, O1: what is foreign may be anything: it is dropped unread', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 0, state: {} });
    expect(watch.say(new WatchedWriter(), { clientId: 1, clock: 1, state: 'no JSON' })).toEqual([]);
  });

  it('P4, O2: what is more than a document may hold of all states together is refused', () => {
    const limits = { ...defaultLimits, maxPresenceBytes: 100 };
    const small = new PresenceWatch(limits);
    const say = (writer: WatchedWriter, clientId: number, clock: number, length: number): void =>
      void small.say(writer, { clientId, clock, state: { text: 'x'.repeat(length) } });
    const [one, two] = [new WatchedWriter(), new WatchedWriter()];
    say(one, 1, 0, 80);
    say(two, 2, 0, 80);
    expect(small.refusals.map(({ code }) => code)).toEqual(['RATE_LIMITED']);
    expect(small.presence.size).toBe(1);
    say(one, 1, 1, 1);
    say(two, 2, 0, 60);
    expect(small.presence.size).toBe(2);
    small.presence.leave(two);
    say(one, 1, 2, 80);
    expect(small.refusals.length).toBe(1);
    small.presence.close();
  });

  it('P4, O2: ids beyond what one connection may have are refused, and the others of the message taken', () => {
    const writer = new WatchedWriter();
    const ids = Array.from({ length: defaultLimits.maxAwarenessIds }, (_, i) => i + 1);
    watch.say(writer, ...ids.map((clientId) => ({ clientId, clock: 0, state: {} })));
    watch.heard();
    watch.say(writer, { clientId: 99, clock: 0, state: {} }, { clientId: 1, clock: 1, state: { new: true } });
    expect(watch.refusals).toEqual([invalid]);
    expect(watch.heard().map(({ clientId, state }) => [clientId, state])).toEqual([[1, { new: true }]]);
    expect(watch.presence.size).toBe(16);
    watch.say(writer, { clientId: 1, clock: 1, state: null });
    watch.say(writer, { clientId: 99, clock: 0, state: {} });
    expect(watch.presence.size).toBe(16);
    expect(watch.refusals.length).toBe(1);
  });

  it.each([
    ['a clock of 2^53-1', { clock: 2 ** 53 - 1, state: {} }],
    ['a clock that no client counts up to', { clock: 2 ** 33, state: {} }],
    ['JSON 5,000 deep', { clock: 2, state: `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}` }],
    ['a state of 100 KB', { clock: 2, state: { a: 'x'.repeat(100_000) } }],
    ['8 MB', { clock: 2, state: { a: 'x'.repeat(8_000_000) } }],
    ['a list for a state', { clock: 2, state: ['list'] }],
    ['a text for a state', { clock: 2, state: '"text"' }],
    ['a number for a state', { clock: 2, state: 7 }],
    ['half a state', { clock: 2, state: '{"a":' }],
  ])('P4: %s is refused alone, and what is around it taken', (_what, { clock, state }) => {
    const writer = new WatchedWriter();
    const good = (clientId: number): AwarenessEntry => ({ clientId, clock: 1, state: { good: clientId } });
    watch.say(writer, good(1), { clientId: 2, clock, state }, good(3));
    expect(watch.refusals).toEqual([invalid]);
    expect(watch.heard().map(({ clientId }) => clientId)).toEqual([1, 3]);
    // Of an id that is known already it changes nothing either.
    watch.say(
      writer,
      { clientId: 1, clock: clock + 1, state },
      { clientId: 3, clock: 2, state: { good: 4 } },
    );
    expect(watch.refusals).toEqual([invalid, invalid]);
    expect(watch.heard()).toEqual([{ clientId: 3, clock: 3, state: { good: 4 } }]);
    watch.say(writer, { clientId: 1, clock: 2, state: { on: true } });
    expect(watch.everybody().map(({ state }) => state)).toEqual([{ on: true }, { good: 4 }]);
  });

  it('P4: of a message with too many entries the first are taken', () => {
    const few = new PresenceWatch({ ...defaultLimits, maxAwarenessEntries: 2 });
    few.say(new WatchedWriter(), ...[1, 2, 3].map((clientId) => ({ clientId, clock: 0, state: {} })));
    expect(few.refusals).toEqual([invalid]);
    expect(few.everybody().map(({ clientId }) => clientId)).toEqual([1, 2]);
    few.presence.close();
  });

  it('O1: bytes that are no awareness update are refused whole', () => {
    const writer = new WatchedWriter();
    const whole = encodeAwareness([
      { clientId: 1, clock: 0, state: {} },
      { clientId: 2, clock: 0, state: {} },
    ]);
    expect(() => watch.presence.receive(writer, whole.subarray(0, whole.length - 1))).toThrow(invalid);
    expect(watch.everybody()).toEqual([]);
  });
});

describe('clocks', () => {
  it('a newcomer is told one clock ahead: y-protocols ignores a first entry with clock 0', () => {
    watch.say(new WatchedWriter(), { clientId: 1, clock: 0, state: { a: 1 } });
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 1, state: { a: 1 } }]);
  });

  it('what the owner counts on with is told as it is', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 4, state: { a: 1 } });
    watch.heard();
    watch.say(owner, { clientId: 1, clock: 6, state: { a: 2 } });
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 6, state: { a: 2 } }]);
  });

  it('an older or equal clock of the owner changes nothing', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 4, state: { a: 1 } });
    watch.heard();
    watch.say(owner, { clientId: 1, clock: 4, state: { a: 2 } }, { clientId: 1, clock: 3, state: { a: 3 } });
    expect(watch.heard()).toEqual([]);
    expect(watch.everybody()).toEqual([{ clientId: 1, clock: 5, state: { a: 1 } }]);
  });

  it('P2: one that returns with a low clock is seen by peers that knew it at a high one, a round trip later at most', () => {
    const peer = newAwareness(900);
    const owner = newAwareness(1);
    const first = new WatchedWriter();
    watch.say(first, { clientId: 1, clock: 50, state: { visit: 1 } });
    const second = new WatchedWriter();
    owner.on('update', () => watch.presence.receive(second, encodeAwarenessUpdate(owner, [1])));
    for (const entries of watch.told.splice(0))
      applyAwarenessUpdate(peer, encodeAwareness(entries), 'server');
    expect(peer.getStates().get(1)).toEqual({ visit: 1 });
    watch.presence.leave(first);
    watch.clock.advance(50);
    owner.setLocalState({ visit: 2 });
    for (let trip = 0; trip < 3; trip++) {
      watch.clock.advance(50);
      for (const entries of watch.told.splice(0)) {
        applyAwarenessUpdate(peer, encodeAwareness(entries), 'server');
        applyAwarenessUpdate(owner, encodeAwareness(entries), 'server');
      }
    }
    expect(peer.getStates().get(1)).toEqual({ visit: 2 });
    expect(owner.getLocalState()).toEqual({ visit: 2 });
  });
});

describe('leaving', () => {
  it('P2: a connection takes its ids with it, one clock ahead of what was told, within 15 ms', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 7, state: {} }, { clientId: 2, clock: 1, state: {} });
    watch.say(new WatchedWriter(), { clientId: 3, clock: 1, state: {} });
    watch.clock.advance(15);
    watch.told.length = 0;
    watch.clock.advance(15);
    watch.presence.leave(owner);
    expect(watch.told.flat()).toEqual([{ clientId: 1, clock: 9, state: null }]);
    watch.clock.advance(15);
    expect(watch.told.flat()).toEqual([
      { clientId: 1, clock: 9, state: null },
      { clientId: 2, clock: 3, state: null },
    ]);
    expect(watch.everybody().map(({ clientId }) => clientId)).toEqual([3]);
  });

  it('P2: the goodbye of y-protocols, the same clock and null, is a removal', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 7, state: {} });
    watch.heard();
    watch.say(owner, { clientId: 1, clock: 7, state: null });
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 9, state: null }]);
    expect(watch.presence.size).toBe(0);
  });

  it('P2: somebody who repeats a state of one that has left does not bring it back', () => {
    const owner = new WatchedWriter();
    const other = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 7, state: { ghost: true } });
    watch.say(other, { clientId: 2, clock: 0, state: {} });
    watch.presence.leave(owner);
    watch.heard();
    expect(watch.say(other, { clientId: 1, clock: 8, state: { ghost: true } })).toEqual([]);
    expect(watch.heard()).toEqual([]);
    expect(watch.presence.size).toBe(1);
  });

  it('P2: nor does one that has no state of its own and was there when it left', () => {
    const owner = new WatchedWriter();
    const viewer = new WatchedWriter();
    watch.presence.join(viewer);
    watch.say(owner, { clientId: 1, clock: 7, state: { ghost: true } });
    watch.say(viewer, { clientId: 1, clock: 8, state: { ghost: true } });
    watch.clock.advance(50);
    watch.presence.leave(owner);
    expect(watch.say(viewer, { clientId: 1, clock: 8, state: { ghost: true } })).toEqual([]);
    expect(watch.presence.size).toBe(0);
  });

  it('P2: one that hears of presence only after it left, as its own new connection, brings it back', () => {
    const owner = new WatchedWriter();
    const back = new WatchedWriter();
    watch.presence.join(back);
    watch.say(owner, { clientId: 1, clock: 7, state: {} });
    watch.clock.advance(50);
    watch.presence.leave(owner);
    watch.heard();
    watch.presence.join(back);
    expect(watch.say(back, { clientId: 1, clock: 7, state: {} })).toEqual([1]);
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 10, state: {} }]);
  });

  it('a removal by somebody else, of one that is not there, is nothing', () => {
    watch.say(new WatchedWriter(), { clientId: 1, clock: 7, state: null });
    expect(watch.heard()).toEqual([]);
  });
});

describe('a quick reconnect', () => {
  it("P2: the same user's new connection takes over with a newer clock, and the old one's end takes nothing away", () => {
    const before = new WatchedWriter({ sub: 'ann' });
    const after = new WatchedWriter({ sub: 'ann' });
    watch.say(before, { clientId: 1, clock: 5, state: { at: 1 } });
    watch.heard();
    expect(watch.say(after, { clientId: 1, clock: 7, state: { at: 2 } })).toEqual([1]);
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 8, state: { at: 2 } }]);
    watch.presence.leave(before);
    expect(watch.heard()).toEqual([]);
    expect(watch.everybody()).toEqual([{ clientId: 1, clock: 8, state: { at: 2 } }]);
    watch.presence.leave(after);
    expect(watch.presence.size).toBe(0);
  });

  it('P1: without a newer clock, as another user, or without a name it does not', () => {
    watch.say(new WatchedWriter({ sub: 'ann' }), { clientId: 1, clock: 5, state: { at: 1 } });
    watch.heard();
    expect(watch.say(new WatchedWriter({ sub: 'ann' }), { clientId: 1, clock: 5, state: { at: 2 } })).toEqual(
      [],
    );
    expect(watch.say(new WatchedWriter({ sub: 'bob' }), { clientId: 1, clock: 9, state: { at: 2 } })).toEqual(
      [],
    );
    expect(watch.say(new WatchedWriter(), { clientId: 1, clock: 9, state: { at: 2 } })).toEqual([]);
    const nameless = new WatchedWriter();
    watch.say(nameless, { clientId: 2, clock: 5, state: {} });
    expect(watch.say(new WatchedWriter(), { clientId: 2, clock: 9, state: {} })).toEqual([]);
  });

  it('P2: another tab of the same user that repeats what it was told does not become the owner', () => {
    const tab = new WatchedWriter({ sub: 'ann' });
    const otherTab = new WatchedWriter({ sub: 'ann' });
    watch.say(otherTab, { clientId: 2, clock: 0, state: {} });
    watch.say(tab, { clientId: 1, clock: 0, state: { at: 1 } });
    const entry = watch.heard().find(({ clientId }) => clientId === 1)!;
    expect(watch.say(otherTab, entry)).toEqual([]);
    watch.presence.leave(tab);
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 2, state: null }]);
  });

  it('P2: another tab of the same user that gave up waiting for it does not remove it', () => {
    const tab = new WatchedWriter({ sub: 'ann' });
    watch.say(tab, { clientId: 1, clock: 0, state: { at: 1 } });
    watch.heard();
    expect(watch.say(new WatchedWriter({ sub: 'ann' }), { clientId: 1, clock: 1, state: null })).toEqual([]);
    expect(watch.everybody()).toEqual([{ clientId: 1, clock: 1, state: { at: 1 } }]);
  });
});

const awarenesses: Awareness[] = [];
afterEach(() => {
  for (const awareness of awarenesses.splice(0)) awareness.destroy();
});

function newAwareness(clientId: number): Awareness {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const awareness = new Awareness(doc);
  awarenesses.push(awareness);
  return awareness;
}
