// Who is here: told as y-protocols' own Awareness needs to hear it, and only by those it is about.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Presence } from '../../../server/room/presence.js';
import { defaultLimits } from '../../../shared/limits.js';
import { encodeAwareness } from '../../support/peer.js';
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

  it('P1, O1: what is foreign may be anything: it is dropped unread', () => {
    const owner = new WatchedWriter();
    watch.say(owner, { clientId: 1, clock: 0, state: {} });
    expect(watch.say(new WatchedWriter(), { clientId: 1, clock: 1, state: 'no JSON' })).toEqual([]);
  });

  it('O2: more than a document may hold of all states together is refused, with nothing taken', () => {
    const small = new Presence({
      clock: watch.clock,
      limits: { ...defaultLimits, maxPresenceBytes: 100 },
      tell: () => undefined,
    });
    const entry = (clientId: number, clock: number, text: string): Uint8Array =>
      encodeAwareness([{ clientId, clock, state: { text } }]);
    const [one, two] = [new WatchedWriter(), new WatchedWriter()];
    small.receive(one, entry(1, 0, 'x'.repeat(80)));
    expect(() => small.receive(two, entry(2, 0, 'y'.repeat(80)))).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED' }),
    );
    expect(small.size).toBe(1);
    small.receive(one, entry(1, 1, 'x'));
    small.receive(two, entry(2, 0, 'y'.repeat(60)));
    expect(small.size).toBe(2);
    small.leave(two);
    small.receive(one, entry(1, 2, 'x'.repeat(80)));
    small.close();
  });

  it('O2: too many ids on one connection are refused, with nothing taken', () => {
    const writer = new WatchedWriter();
    const ids = Array.from({ length: defaultLimits.maxAwarenessIds }, (_, i) => i + 1);
    watch.say(writer, ...ids.map((clientId) => ({ clientId, clock: 0, state: {} })));
    watch.heard();
    expect(() =>
      watch.say(
        writer,
        { clientId: 1, clock: 1, state: { new: true } },
        { clientId: 99, clock: 0, state: {} },
      ),
    ).toThrow(invalid);
    expect(watch.heard()).toEqual([]);
    expect(watch.presence.size).toBe(16);
    watch.say(writer, { clientId: 1, clock: 1, state: null });
    watch.say(writer, { clientId: 99, clock: 0, state: {} });
    expect(watch.presence.size).toBe(16);
  });

  it.each([
    ['a clock of 2^53-1', { clientId: 2, clock: 2 ** 53 - 1, state: {} }],
    ['JSON 5,000 deep', { clientId: 2, clock: 1, state: `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}` }],
    ['8 MB', { clientId: 2, clock: 1, state: { a: 'x'.repeat(8_000_000) } }],
    ['a text for a state', { clientId: 2, clock: 1, state: '"text"' }],
    ['half a state', { clientId: 2, clock: 1, state: '{"a":' }],
  ])('O1: %s refuses the whole message, with nothing taken', (_what, entry) => {
    const writer = new WatchedWriter();
    expect(() => watch.say(writer, { clientId: 1, clock: 0, state: {} }, entry)).toThrow(invalid);
    expect(watch.everybody()).toEqual([]);
    expect(watch.heard()).toEqual([]);
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
