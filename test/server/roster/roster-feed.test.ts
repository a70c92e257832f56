// Who watches a roster while more users go than are remembered.

import { expect, it } from 'vitest';
import { RosterFeed, type News } from '../../../server/roster/roster-feed.js';
import type { Person } from '../../../shared/person.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { settled } from '../../support/turns.js';

function person(user: string, devices: number): Person {
  return { user, claims: '{}', devices, since: 0, lastActive: 0, lastSeen: devices === 0 ? 1 : 0 };
}

it.each([0, 2])(
  'P14: who has gone is told, also when only %i who are gone are remembered',
  async (maxGone) => {
    const clock = createFakeClock();
    const here = new Map<string, Person>();
    const feed = new RosterFeed({
      clock,
      maxGone,
      gone: Promise.resolve([]),
      here: () => [...here.values()],
      find: (user) => here.get(user),
    });
    for (const user of ['ada', 'bob', 'eve', 'kim', 'lea']) here.set(user, person(user, 1));
    const told: string[] = [];
    feed.add({
      tell: (news: readonly News[]) => {
        for (const { kind, people } of news)
          told.push(`${kind}: ${people.map(({ user, devices }) => user + devices).join()}`);
      },
    });
    await settled();
    clock.advance(1_000);
    for (const user of ['ada', 'bob', 'eve', 'kim']) {
      here.delete(user);
      feed.left(person(user, 0));
    }
    here.set('eve', person('eve', 2));
    feed.changed('eve');
    clock.advance(1_000);
    // The first change is told at once.
    expect(told).toEqual(['whole: ada1,bob1,eve1,kim1,lea1', 'change: ada0', 'change: bob0,eve2,kim0']);
    feed.close();
  },
);
