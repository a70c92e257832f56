// What those who watch are told, against a plain model: random comings and goings of users with several devices, watchers that
// come and go, crashes of the server.

import { describe, expect, it } from 'vitest';
import type { RosterWatcher } from '../../../server/roster/roster-feed.js';
import { Rosters } from '../../../server/roster/rosters.js';
import type { Stay } from '../../../server/roster/stay.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { settled } from '../../support/turns.js';

const document = parseDocumentName('a/b');
const users = ['ada', 'bob', 'eve', 'kim', 'lea'];

/** How many devices each user has here, as a client that hears all of it knows. */
class Ear implements RosterWatcher {
  readonly devices = new Map<string, number>();
  stop = (): void => {};

  tell(news: Parameters<RosterWatcher['tell']>[0]): void {
    for (const { kind, people } of news) {
      if (kind === 'whole') this.devices.clear();
      for (const { user, devices } of people) this.devices.set(user, devices);
    }
  }
}

const sorted = (of: ReadonlyMap<string, number>): [string, number][] =>
  [...of].sort(([a], [b]) => (a < b ? -1 : 1));

describe('what is told of a roster', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('P14: is what a plain model has (seed %i)', async (seed) => {
    const random = new SeededRandom(seed);
    const clock = createFakeClock();
    let store = new ControlledStore(createMemoryStore());
    const open = (): Promise<Rosters> =>
      Rosters.open({ store, clock, limits: defaultLimits, logger: silentLogger, userClaims: [] });
    let rosters = await open();
    let connections = 0;
    let here: { user: string; connectionId: string; stay: Stay }[] = [];
    let ears: Ear[] = [];
    const known = new Set<string>();
    const run = async (ms: number): Promise<void> => {
      await settled(1);
      for (let left = ms; left > 0; left -= 500) clock.advance(Math.min(left, 500));
      await settled(2);
    };
    for (let step = 0; step < 150; step++) {
      const what = random.int(20);
      const one = here[random.int(Math.max(1, here.length))];
      if (what < 8 || (what < 15 && one === undefined)) {
        const user = users[random.int(users.length)]!;
        const connectionId = `c${++connections}`;
        const claims = { sub: user, payload: {} };
        rosters.identified({ connectionId, claims });
        const stay = rosters.enter({ connectionId, claims }, document, () => true);
        here.push({ user, connectionId, stay: stay! });
        known.add(user);
      } else if (what < 15 && one !== undefined) {
        here = here.filter((other) => other !== one);
        if (random.chance(0.5)) rosters.leave(one.stay);
        rosters.ended(one);
      } else if (what < 18) {
        const ear = new Ear();
        ear.stop = rosters.watch(document, ear);
        ears.push(ear);
      } else if (what === 18) ears.shift()?.stop();
      else {
        // Killed, and all that it has noted is written by then.
        await run(2_000);
        if (random.chance(0.5)) await rosters.close();
        store.setStates = () => new Promise(() => {});
        store = new ControlledStore(store.kept);
        rosters = await open();
        [here, ears] = [[], []];
      }
      await run(random.int(3) * 400);
      if (random.chance(0.7)) continue;
      await run(1_500);
      const model = new Map([...known].map((user) => [user, 0]));
      for (const { user } of here) model.set(user, model.get(user)! + 1);
      for (const ear of ears) expect(sorted(ear.devices), `step ${step}`).toEqual(sorted(model));
      const entries = await rosters.inDocument(document);
      expect(sorted(new Map(entries.map((entry) => [entry.user, entry.devices.length])))).toEqual(
        sorted(model),
      );
      expect(
        rosters
          .online()
          .map(({ user }) => user)
          .sort(),
      ).toEqual([...new Set(here.map(({ user }) => user))].sort());
    }
    await rosters.close();
  });
});
