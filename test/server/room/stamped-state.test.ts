// Awareness states with a `user` that the server vouches for.

import { beforeEach, describe, expect, it } from 'vitest';
import { stamped, type Stamp } from '../../../server/room/stamped-state.js';
import { encodeAwareness } from '../../../server/room/awareness-codec.js';
import { defaultLimits } from '../../../shared/limits.js';
import { PresenceWatch } from '../../support/presence-watch.js';
import { WatchedWriter } from '../../support/room-watch.js';

const ada: Stamp = { name: 'Ada', id: 'ada' };

describe('stamped', () => {
  it.each([
    ['{}', '{"user":{"name":"Ada","id":"ada"}}'],
    ['{"cursor":1}', '{"cursor":1,"user":{"name":"Ada","id":"ada"}}'],
    ['{"user":{"name":"Eve","id":"eve","isAdmin":true},"a":1}', '{"user":{"name":"Ada","id":"ada"},"a":1}'],
    ['{"user":"Eve"}', '{"user":{"name":"Ada","id":"ada"}}'],
    ['{"\\u0075ser":{"name":"Eve"},"user":{"name":"Kim"}}', '{"user":{"name":"Ada","id":"ada"}}'],
    ['{"user":{"color":"#f00","colorLight":5}}', '{"user":{"color":"#f00","name":"Ada","id":"ada"}}'],
    [`{"user":{"color":"${'x'.repeat(65)}"}}`, '{"user":{"name":"Ada","id":"ada"}}'],
    ['{"__proto__":{"user":1}}', '{"__proto__":{"user":1},"user":{"name":"Ada","id":"ada"}}'],
    ['null', 'null'],
  ])('P11: %s', (said, told) => {
    expect(stamped(said, ada)).toBe(told);
    expect(stamped(told, ada)).toBe(told);
  });

  it('P11: a colour of the token goes before one of the client', () => {
    expect(stamped('{"user":{"color":"#f00"}}', { color: '#00f', id: 'a' })).toBe(
      '{"user":{"color":"#00f","id":"a"}}',
    );
  });
});

class StampedWriter extends WatchedWriter {
  stamp: Stamp | undefined = ada;
}

describe('presence of who is stamped', () => {
  let watch: PresenceWatch;
  const writer = new StampedWriter();
  const user = { name: 'Ada', id: 'ada' };

  beforeEach(() => {
    watch = new PresenceWatch();
    writer.stamp = ada;
    watch.say(writer, { clientId: 1, clock: 0, state: { user: { name: 'Eve' }, x: 1 } });
  });

  it('P11: is told with the stamp, to everybody and to who comes later', () => {
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 1, state: { user, x: 1 } }]);
    expect(watch.everybody()).toEqual([{ clientId: 1, clock: 1, state: { user, x: 1 } }]);
  });

  it('P11: what its client repeats, stamped or not, is no change', () => {
    watch.heard();
    expect(watch.say(writer, { clientId: 1, clock: 1, state: { user: { name: 'Eve' }, x: 1 } })).toEqual([]);
    watch.say(writer, { clientId: 1, clock: 1, state: { user, x: 1 } });
    expect(watch.heard()).toEqual([]);
    watch.say(writer, { clientId: 1, clock: 2, state: { user, x: 2 } });
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 2, state: { user, x: 2 } }]);
  });

  it('P11: another token is told at once, one clock ahead, so that its client counts on from there', () => {
    watch.heard();
    watch.say(writer, { clientId: 1, clock: 1, state: { user, x: 1 } });
    watch.heard();
    writer.stamp = { name: 'Ada L.', id: 'ada' };
    watch.presence.restamp(writer);
    expect(watch.heard()).toEqual([
      { clientId: 1, clock: 2, state: { user: { name: 'Ada L.', id: 'ada' }, x: 1 } },
    ]);
    watch.presence.restamp(writer);
    expect(watch.heard()).toEqual([]);
  });

  it('P11: another token is told as soon as its client says anything, where it has not yet answered', () => {
    const renamed = { name: 'Ada L.', id: 'ada' };
    watch.heard();
    writer.stamp = renamed;
    watch.presence.restamp(writer);
    expect(watch.heard()).toEqual([]);
    // As it was said before: a renewal, or the answer to what it has heard of itself.
    watch.say(writer, { clientId: 1, clock: 1, state: { user: { name: 'Eve' }, x: 1 } });
    expect(watch.heard()).toEqual([{ clientId: 1, clock: 2, state: { user: renamed, x: 1 } }]);
  });

  it('P11: an id that the connection has introduced beside its own is told with another token at its renewal', () => {
    const renamed = { name: 'Ada L.', id: 'ada' };
    watch.say(writer, { clientId: 2, clock: 0, state: { y: 1 } });
    watch.heard();
    writer.stamp = renamed;
    watch.presence.restamp(writer);
    watch.say(writer, { clientId: 2, clock: 2, state: { y: 1 } });
    expect(watch.heard()).toContainEqual({ clientId: 2, clock: 2, state: { y: 1, user: renamed } });
  });

  it('P4, P11: a state is as long as what the others are told, with its stamp and its numbers written out', () => {
    watch.heard();
    const numbers = `{"a":[${Array(10_000).fill('1e20').join()}]}`;
    const refused = watch.presence.receive(
      writer,
      encodeAwareness([{ clientId: 1, clock: 2, state: numbers }]),
    );
    expect(refused.refusal?.code).toBe('AWARENESS_INVALID');
    expect(watch.heard()).toEqual([]);
  });

  it('O2, P11: what the stamp adds counts as presence of the document', () => {
    const few = new PresenceWatch({ ...defaultLimits, maxPresenceBytes: 3_000 });
    const said: string[] = [];
    for (let id = 1; id <= 10; id++) {
      const one = new StampedWriter();
      one.stamp = { id: 'x'.repeat(1_000) };
      said.push(
        few.presence.receive(one, encodeAwareness([{ clientId: id, clock: 0, state: '{}' }])).refusal?.code ??
          'taken',
      );
    }
    expect(said.filter((one) => one === 'taken')).toHaveLength(2);
  });

  it('P11: only a state that comes, changes or goes is a change', () => {
    const say = (clock: number, state: object | null): boolean => {
      const before = watch.presence.turn;
      watch.say(writer, { clientId: 1, clock, state });
      return watch.presence.turn !== before;
    };
    expect(say(1, { user, x: 1 })).toBe(false);
    expect(say(2, { user, x: 2 })).toBe(true);
  });
});
