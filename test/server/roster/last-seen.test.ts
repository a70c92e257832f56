// When users were last seen: over restarts and crashes, with few writes.

import { beforeEach, describe, expect, it } from 'vitest';
import { Rosters, type RosterEntry } from '../../../server/roster/rosters.js';
import type { Stay } from '../../../server/roster/stay.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits, type Limits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';
import type { Claims } from '../../../shared/permission.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { settled } from '../../support/turns.js';

const document = parseDocumentName('a');
const claimsOf = (sub: string): Claims => ({ sub, payload: { sub, name: sub.toUpperCase(), secret: 'x' } });

let clock: FakeClock;
let store: ControlledStore;
let rosters: Rosters;
let connections = 0;

async function open(limits: Partial<Limits> = {}): Promise<Rosters> {
  rosters = await Rosters.open({
    store,
    clock,
    limits: { ...defaultLimits, ...limits },
    logger: silentLogger,
    userClaims: ['name'],
  });
  return rosters;
}

/** Another run on the same store, after the one before was killed: nothing of it is written any more. */
async function crash(limits?: Partial<Limits>): Promise<void> {
  const kept = store;
  store = new ControlledStore(kept.kept);
  kept.setStates = () => new Promise(() => {});
  await open(limits);
}

function come(sub: string, isKept = () => true): { stay: Stay; connectionId: string } {
  const connectionId = `c${++connections}`;
  rosters.identified({ connectionId, claims: claimsOf(sub) });
  const stay = rosters.enter({ connectionId, claims: claimsOf(sub) }, document, isKept);
  if (stay === undefined) throw new Error('nobody has come');
  return { stay, connectionId };
}

function go({ stay, connectionId }: { stay: Stay; connectionId: string }): void {
  rosters.leave(stay);
  rosters.ended({ connectionId });
}

async function run(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000));
    await settled(2);
  }
}

async function entry(user: string): Promise<RosterEntry | undefined> {
  return (await rosters.inDocument(document)).find((one) => one.user === user);
}

beforeEach(async () => {
  clock = createFakeClock();
  store = new ControlledStore(createMemoryStore());
  await open();
});

describe('when a user was last seen', () => {
  it('P13: is exact after a stop, in the document and in the application', async () => {
    const ada = come('ada');
    await run(10_000);
    ada.stay.act();
    const activeAt = clock.now();
    await run(90_000);
    const end = clock.now();
    await rosters.close();
    clock.advance(3_600_000);
    await open();
    expect(await entry('ada')).toEqual({
      user: 'ada',
      claims: { name: 'ADA' },
      isHere: false,
      devices: [],
      connections: [],
      since: undefined,
      lastActive: activeAt,
      lastSeen: end,
    });
    expect(await rosters.user('ada')).toMatchObject({ isHere: false, lastSeen: end });
    expect(await rosters.user('bob')).toBeUndefined();
  });

  it('P13: is right to a minute after a crash, whenever users came and went before it', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const random = new SeededRandom(seed);
      const names = ['ada', 'bob', 'eve', 'kim'];
      const here = new Map<string, ReturnType<typeof come>>();
      const seen = new Map<string, number>();
      for (let step = 0; step < 60; step++) {
        const name = names[random.int(names.length)]!;
        const one = here.get(name);
        if (one === undefined) here.set(name, come(name));
        else {
          here.delete(name);
          seen.set(name, clock.now());
          go(one);
        }
        await run(1_000 * (1 + random.int(20)));
      }
      for (const name of here.keys()) seen.set(name, clock.now());
      await crash();
      clock.advance(5_000_000);
      for (const [name, at] of seen) {
        const errorMs = Math.abs(((await entry(name))?.lastSeen ?? 0) - at);
        expect(errorMs, `${name}, seed ${seed}`).toBeLessThanOrEqual(60_000);
        expect((await entry(name))?.isHere).toBe(false);
      }
    }
  });

  it('P13: a user who comes and goes all the time is written as having come and gone at most once a minute each', async () => {
    let writes = 0;
    const setStates = store.setStates.bind(store);
    store.setStates = (changes) => {
      writes += [...changes.keys()].filter((key) => key.startsWith('seen/a\n')).length;
      return setStates(changes);
    };
    for (let turn = 0; turn < 200; turn++) {
      const one = come('ada');
      await run(2_000);
      go(one);
      await run(1_000);
    }
    // Of 600 s.
    expect(writes).toBeGreaterThan(5);
    expect(writes).toBeLessThanOrEqual(22);
  });

  it('P13: somebody who stays costs nothing but the time of the run', async () => {
    come('ada');
    await run(10_000);
    const keys: string[] = [];
    const setStates = store.setStates.bind(store);
    store.setStates = (changes) => {
      keys.push(...changes.keys());
      return setStates(changes);
    };
    await run(600_000);
    expect(new Set(keys)).toEqual(new Set(['seen-runs']));
    expect(keys.length).toBeLessThanOrEqual(20);
  });

  it('P13: a store that fails for a while is told later', async () => {
    go(come('ada'));
    const at = clock.now();
    store.failures.set('setStates', new Error('away'));
    await run(3_000);
    await rosters.close();
    await open();
    expect((await entry('ada'))?.lastSeen).toBe(at);
  });

  it('P13: the last users of a document are remembered, for so many days, and none of an empty one', async () => {
    await open({ maxSeenUsers: 5, maxSeenDays: 2 });
    for (let n = 0; n < 30; n++) {
      go(come(`user-${n}`));
      await run(20_000);
    }
    go(come('nobody', () => false));
    await run(61_000);
    expect((await rosters.inDocument(document)).map(({ user }) => user)).toEqual([
      'user-25',
      'user-26',
      'user-27',
      'user-28',
      'user-29',
    ]);
    const rows = async (): Promise<number> => {
      let count = 0;
      for await (const _ of store.listState('seen/a\n')) count++;
      return count;
    };
    expect(await rows()).toBeLessThanOrEqual(11);
    clock.advance(24 * 3_600_000);
    await settled(50);
    expect(await rows()).toBe(5);
    for (const _ of [1, 2]) {
      clock.advance(24 * 3_600_000);
      await settled(50);
    }
    expect(await rows()).toBe(0);
    expect(await rosters.inDocument(document)).toEqual([]);
  });

  it.each([{ maxSeenUsers: 0 }, { maxSeenDays: 0 }])('P13: nobody is remembered with %o', async (limits) => {
    await open(limits);
    const ada = come('ada');
    await run(2_000);
    go(ada);
    await run(120_000);
    expect(await rosters.inDocument(document)).toEqual([]);
  });

  it('P13: rows that are too old or too many go also where the server is started anew every day', async () => {
    const rows = async (): Promise<number> => {
      let count = 0;
      for await (const _ of store.listState('seen/a\n')) count++;
      return count;
    };
    const counts: number[] = [];
    for (let day = 0; day < 12; day++) {
      await open({ maxSeenUsers: 5, maxSeenDays: 3 });
      if (day < 4) for (const n of [1, 2, 3, 4]) go(come(`user-${day}-${n}`));
      await run(20 * 60_000);
      counts.push(await rows());
      clock.advance(23 * 3_600_000);
      await settled(50);
      await rosters.close();
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(9);
    expect(counts.at(-1)).toBe(0);
  });

  it('P13: so many users are remembered who have gone, however many are here', async () => {
    await open({ maxSeenUsers: 2 });
    for (const user of ['ada', 'bob']) go(come(user));
    await run(1_000);
    for (const user of ['eve', 'kim', 'lea']) come(user);
    await run(60_000);
    const entries = await rosters.inDocument(document);
    expect(entries.filter(({ isHere }) => !isHere).map(({ user }) => user)).toEqual(['ada', 'bob']);
    expect(entries.filter(({ isHere }) => isHere)).toHaveLength(3);
  });

  it('P13: where nobody is to be remembered in documents, nothing of them is written', async () => {
    await open({ maxSeenUsers: 0 });
    go(come('ada'));
    await run(120_000);
    expect((await rosters.inDocument(document)).length).toBe(0);
    const keys: string[] = [];
    for await (const [key] of store.listState('seen/')) keys.push(key);
    expect(keys.filter((key) => key.includes(document))).toEqual([]);
    expect(await rosters.user('ada')).toMatchObject({ isHere: false });
  });

  it('P12: the device of a connection is that of the token in force', async () => {
    const { connectionId } = come('ada');
    rosters.identified({ connectionId, claims: { ...claimsOf('ada'), sid: 'phone' } });
    expect(await entry('ada')).toMatchObject({ devices: ['phone'] });
  });

  it('P13: goes with the document', async () => {
    go(come('ada'));
    await run(2_000);
    go(come('bob'));
    await rosters.forget(document);
    await run(120_000);
    await open();
    expect(await rosters.inDocument(document)).toEqual([]);
    expect(await rosters.user('ada')).toBeDefined();
  });

  it('P15: of a token only the claims are kept that others may see', async () => {
    go(come('ada'));
    await run(2_000);
    for await (const [, bytes] of store.listState('seen/'))
      expect(Buffer.from(bytes).toString()).not.toMatch(/secret/);
  });

  it('O1: where the times of earlier runs are damaged, nobody counts as here who was here in one of them', async () => {
    come('ada');
    await run(2_000);
    await store.setState('seen-runs', Uint8Array.of(1, 2, 3));
    await crash();
    expect(await entry('ada')).toMatchObject({ isHere: false });
    clock.advance(91 * 24 * 3_600_000);
    expect(await entry('ada')).toBeUndefined();
  });

  it('O1: rows that are damaged are passed over', async () => {
    go(come('ada'));
    await rosters.close();
    await store.setState('seen/a\nx', Uint8Array.of(1, 2, 3));
    await store.setState('seen-runs', Uint8Array.of(1, 2, 3));
    await open();
    expect((await rosters.inDocument(document)).map(({ user }) => user)).toEqual(['ada']);
  });
});
