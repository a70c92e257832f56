// What a page says to the server about a roster, and when: with a channel of the test's own in place of a connection.

import { describe, expect, it } from 'vitest';
import { GuardedObservable } from '../../../client/platform/guarded.js';
import type { HeddleProvider } from '../../../client/provider/heddle-provider.js';
import { openRoster } from '../../../client/provider/roster.js';
import type { Person } from '../../../shared/person.js';
import { settled } from '../../support/turns.js';

type Events = Record<'opened' | 'roster' | 'lost', (message?: unknown) => void>;

/** A document that is open, on a server with or without rosters. */
class Channel extends GuardedObservable<Events> {
  state = 'open';
  readonly said: boolean[] = [];
  readonly connection: object;

  constructor(hasRosters: boolean) {
    super();
    const welcome = { user: 'ada', extensions: hasRosters ? { rosters: true } : {} };
    this.connection = { welcome, heardAt: 1_000, serverTimeOffset: 500 };
  }

  say({ isOn }: { isOn: boolean }): void {
    this.said.push(isOn);
  }

  tell(kind: string, ...people: Person[]): void {
    this.emit('roster', [{ kind, people }]);
  }
}

function providerOf(channel: Channel): HeddleProvider {
  const provider = Object.assign(new GuardedObservable<{ destroy: () => void }>(), {
    kept: { channel: () => Promise.resolve(channel) },
  });
  return provider as unknown as HeddleProvider;
}

const bob: Person = {
  user: 'bob',
  claims: '{"name":"Bob"}',
  devices: 1,
  since: 5,
  lastActive: 0,
  lastSeen: 0,
};

describe('openRoster', () => {
  it.each(['before the server has answered', 'after it'])(
    'K82: is not told any more when it is closed %s',
    async (when) => {
      const channel = new Channel(true);
      const roster = openRoster(providerOf(channel));
      await settled();
      if (when === 'after it') channel.tell('whole', bob);
      roster.close();
      expect(channel.said).toEqual([true, false]);
    },
  );

  it('K82: says nothing of rosters to a server that has none, which would end the connection', async () => {
    const channel = new Channel(false);
    const roster = openRoster(providerOf(channel));
    await settled();
    expect(roster.status).toBe('unsupported');
    roster.close();
    expect(channel.said).toEqual([]);
  });

  it('K82: asks anew on each connection, and shows who was here as gone until it is answered', async () => {
    const channel = new Channel(true);
    const roster = openRoster(providerOf(channel));
    await settled();
    channel.tell('whole', bob);
    expect(roster.people).toEqual([
      {
        user: 'bob',
        claims: { name: 'Bob' },
        isHere: true,
        isSelf: false,
        devices: 1,
        since: 5,
        lastActive: undefined,
        lastSeen: undefined,
      },
    ]);
    channel.emit('lost', []);
    expect(roster.status).toBe('waiting');
    expect(roster.get('bob')).toMatchObject({ isHere: false, devices: 0, lastSeen: 1_500 });
    channel.emit('opened', []);
    expect(channel.said).toEqual([true, true]);
    channel.tell('whole');
    expect(roster.people).toEqual([]);
    channel.emit('lost', []);
    roster.close();
    expect(channel.said).toEqual([true, true]);
  });

  it('K82: one that is closed before the document is there never asks', async () => {
    const channel = new Channel(true);
    openRoster(providerOf(channel)).close();
    await settled();
    expect(channel.said).toEqual([]);
  });
});
