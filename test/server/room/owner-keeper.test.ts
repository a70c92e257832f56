// Claims on client ids in the store: written seldom, read once, and in nobody's way.

import { beforeEach, describe, expect, it } from 'vitest';
import { ClientIdOwners } from '../../../server/room/client-id-owners.js';
import { OwnerKeeper, type Owned } from '../../../server/room/owner-keeper.js';
import {
  decodeOwnerTable,
  encodeOwnerTable,
  type OwnedId,
  type OwnerTable,
} from '../../../server/room/owner-table.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import type { LogFields } from '../../../shared/logger.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';
import { WatchedWriter } from '../../support/room-watch.js';
import { settled } from '../../support/turns.js';

const document = parseDocumentName('doc');
let clock: FakeClock;
let store: ReturnType<typeof createMemoryStore>;
let writes: string[];
let told: LogFields[];
let failure: Error | undefined;

beforeEach(() => {
  clock = createFakeClock();
  writes = [];
  told = [];
  failure = undefined;
  const kept = createMemoryStore();
  store = {
    ...kept,
    newEpoch: () => kept.newEpoch(),
    getState: async (key) => kept.getState(key),
    setState: async (key, value) => {
      if (failure !== undefined) throw failure;
      writes.push(key);
      await kept.setState(key, value);
    },
  };
});

/** Which tables were written. */
const written = (): string[] => writes.filter((key) => key.startsWith('owners/'));

function createKeeper(): OwnerKeeper {
  const note = (fields: LogFields): void => void told.push(fields);
  return new OwnerKeeper({ store, clock, logger: { debug() {}, info() {}, warn: note, error: note } });
}

function roomOf(keeper: OwnerKeeper): Owned & { edit(id: number, sub: string): void } {
  const room: Owned = {
    document,
    epoch: 'epoch',
    owners: new ClientIdOwners(
      () => true,
      () => keeper.changed(room),
    ),
  };
  return Object.assign(room, {
    edit: (id: number, sub: string) => room.owners.edited(id, new WatchedWriter({ sub, device: 'device' })),
  });
}

const load = async (keeper: OwnerKeeper, epoch = 'epoch'): Promise<readonly OwnedId[]> =>
  (await keeper.load(document, epoch, false)).ids;

/** Time goes on as the registry's sweep sees it. */
async function run(keeper: OwnerKeeper, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 1_000) {
    clock.advance(1_000);
    keeper.sweep();
    await settled();
  }
}

describe('the bytes', () => {
  it('C6: hold what was put in, also ids of 53 bits', () => {
    const ann = { sub: 'ann', device: 'device' };
    const bob = { sub: 'bob', device: undefined };
    const table: OwnerTable = {
      epoch: 'epoch',
      kills: 3,
      isWhole: true,
      ids: [
        { clientId: 0, owner: ann, isLenient: false },
        { clientId: 2 ** 32 + 5, owner: bob, isLenient: true },
        { clientId: 2 ** 53 - 1, owner: ann, isLenient: true },
      ],
    };
    const bytes = encodeOwnerTable(table);
    expect(decodeOwnerTable(bytes)).toEqual(table);
    expect(decodeOwnerTable(encodeOwnerTable({ ...table, isWhole: false }))?.isWhole).toBe(false);
    expect(decodeOwnerTable(Uint8Array.of(1, 0))).toBeUndefined();
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeOwnerTable(bytes.subarray(0, length)), `${length} bytes`).toThrow(/./);
  });

  it('C6, O2: an id takes about six bytes', () => {
    const owner = { sub: 'ann', device: undefined };
    const ids = Array.from({ length: 10_000 }, (_, i) => ({
      clientId: 2 ** 31 + i,
      owner,
      isLenient: false,
    }));
    expect(encodeOwnerTable({ epoch: 'epoch', kills: 3, isWhole: false, ids }).length).toBeLessThan(65_000);
  });
});

describe('writing', () => {
  it('C6: joins what comes within five seconds without a commit, and writes nothing when nothing is new', async () => {
    const keeper = createKeeper();
    const room = roomOf(keeper);
    for (let id = 1; id <= 20; id++) room.edit(id, 'ann');
    expect(keeper.isSaved(room)).toBe(false);
    await run(keeper, 6_000);
    expect(written()).toEqual(['owners/doc']);
    expect(keeper.isSaved(room)).toBe(true);
    room.edit(5, 'ann');
    await run(keeper, 20_000);
    expect(written().length).toBe(1);
  });

  it('C6: a claim goes with the commit it came with; of more than 1,000 the new ones go once in five seconds', async () => {
    const keeper = createKeeper();
    await load(keeper);
    const room = roomOf(keeper);
    const commit = (): number => {
      keeper.committing(room);
      return written().length;
    };
    expect(commit(), 'nothing is new').toBe(0);
    for (let id = 1; id <= 1_000; id++) room.edit(id, 'ann');
    expect(commit()).toBe(1);
    expect(commit(), 'nothing is new').toBe(1);
    room.edit(1_001, 'ann');
    expect(commit()).toBe(1);
    clock.advance(5_000);
    expect(commit()).toBe(2);
    room.edit(1_002, 'ann');
    expect(commit()).toBe(2);
    await run(keeper, 6_000);
    expect(written().length, 'without a commit').toBe(3);
  });

  it('C6: nobody known is nothing to write', async () => {
    const keeper = createKeeper();
    const room = roomOf(keeper);
    room.owners.edited(1, new WatchedWriter({ device: 'device' }));
    await run(keeper, 20_000);
    expect(written()).toEqual([]);
  });

  it('C6: a write that fails is told and tried again', async () => {
    const keeper = createKeeper();
    const room = roomOf(keeper);
    failure = new Error('full');
    room.edit(1, 'ann');
    await run(keeper, 6_000);
    expect(told).toMatchObject([{ document, err: failure }]);
    expect(keeper.isSaved(room)).toBe(false);
    failure = undefined;
    await run(keeper, 6_000);
    expect(written()).toEqual(['owners/doc']);
  });
});

describe('reading', () => {
  it('C6: another epoch of the document has no owners yet', async () => {
    const keeper = createKeeper();
    roomOf(keeper).edit(1, 'ann');
    await keeper.close();
    expect(await load(createKeeper(), 'another epoch')).toEqual([]);
    expect((await load(createKeeper())).length).toBe(1);
  });

  it('C6: claims are lenient after any run that was killed since they were kept, and only then', async () => {
    const isLenient = async (keeper: OwnerKeeper): Promise<boolean | undefined> =>
      (await load(keeper))[0]?.isLenient;
    const first = createKeeper();
    await load(first);
    roomOf(first).edit(1, 'ann');
    await run(first, 6_000);
    expect(await isLenient(first)).toBe(false);
    await first.close();
    const second = createKeeper();
    expect(await isLenient(second)).toBe(false);
    // The second is killed; the third ends well without having had the document.
    const third = createKeeper();
    await third.load(parseDocumentName('another'), 'epoch', true);
    await third.close();
    expect(await isLenient(createKeeper())).toBe(true);
  });

  it('C6: a run that has opened nothing does not hide that the one before it was killed', async () => {
    const first = createKeeper();
    roomOf(first).edit(1, 'ann');
    await run(first, 6_000);
    await createKeeper().close();
    expect((await load(createKeeper()))[0]?.isLenient).toBe(true);
  });

  it('C6: claims are lenient after a room that ended with what others had heard', async () => {
    const keeper = createKeeper();
    const room = roomOf(keeper);
    room.edit(1, 'ann');
    keeper.ended(room, true);
    expect(await load(keeper)).toMatchObject([{ clientId: 1, isLenient: true }]);
    await keeper.close();
    expect(await load(createKeeper()), 'in the next run').toMatchObject([{ clientId: 1, isLenient: true }]);
  });

  it('C6: a room that has ended is written before its document is served again', async () => {
    const keeper = createKeeper();
    await load(keeper);
    const room = roomOf(keeper);
    room.edit(1, 'ann');
    failure = new Error('away');
    keeper.ended(room, true);
    await settled();
    await expect(load(keeper)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    failure = undefined;
    expect(await load(keeper)).toMatchObject([{ clientId: 1, isLenient: true }]);
    await run(keeper, 10_000);
    expect(written().length, 'once').toBe(1);
  });

  it('C6: a document whose owners cannot be had is not served without them', async () => {
    const first = createKeeper();
    roomOf(first).edit(1, 'ann');
    await first.close();
    const keeper = createKeeper();
    failure = new Error('away');
    await expect(load(keeper)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    failure = undefined;
    expect((await load(keeper)).length).toBe(1);
  });

  it('C6: a table that cannot be read is told, and keeps nobody from the document', async () => {
    await store.setState('owners/doc', Uint8Array.of(3, 200));
    expect(await load(createKeeper())).toEqual([]);
    expect(told.length).toBe(1);
  });
});

describe('whether a document is whole', () => {
  const isWhole = async (keeper: OwnerKeeper, isNew = false, epoch = 'epoch'): Promise<boolean> =>
    (await keeper.load(document, epoch, isNew)).isWhole;

  /** A run that has had another document, and has come to its end. */
  async function runBefore(): Promise<void> {
    const keeper = createKeeper();
    await keeper.load(parseDocumentName('another'), 'epoch', true);
    await keeper.close();
  }

  /** A document that began in this run, with a claim. */
  async function begin(keeper: OwnerKeeper): Promise<Owned> {
    const room = roomOf(keeper);
    room.owners.restore(await keeper.load(document, 'epoch', true));
    room.edit(1, 'ann');
    await run(keeper, 6_000);
    return room;
  }

  it('C6: one that begins in a run after one that came to its end is, as long as nothing can have been lost', async () => {
    await runBefore();
    const first = createKeeper();
    await begin(first);
    expect(await isWhole(first)).toBe(true);
    await first.close();
    const second = createKeeper();
    expect(await isWhole(second)).toBe(true);
    expect(await isWhole(second, true, 'another epoch'), 'begun anew').toBe(false);
    // The second is killed.
    const third = createKeeper();
    expect(await isWhole(third)).toBe(false);
    await third.close();
  });

  it('C6: it is not any more in the runs after a kill, also once its claims were written again', async () => {
    await runBefore();
    await begin(createKeeper());
    const killed = createKeeper();
    const room = roomOf(killed);
    room.owners.restore(await killed.load(document, 'epoch', false));
    room.edit(2, 'bob');
    await killed.close();
    expect(await isWhole(createKeeper())).toBe(false);
  });

  it('C6: one that begins in the first run, in the run after a kill, or with content from elsewhere is not', async () => {
    const first = createKeeper();
    expect(await isWhole(first, true), 'the first run').toBe(false);
    const second = createKeeper();
    expect(await isWhole(second, true), 'after a kill').toBe(false);
    await second.close();
    const third = createKeeper();
    expect(await isWhole(third, true)).toBe(true);
    expect(await isWhole(third, false), 'content from elsewhere').toBe(false);
  });

  it('C6: one whose room has ended is not, in this run and the next', async () => {
    await runBefore();
    const keeper = createKeeper();
    const room = roomOf(keeper);
    room.owners.restore(await keeper.load(document, 'epoch', true));
    keeper.ended(room, true);
    expect(await isWhole(keeper, true)).toBe(false);
    await keeper.close();
    expect(await isWhole(createKeeper(), true)).toBe(false);
  });

  it('C6: one of which a table is there that cannot be read is not', async () => {
    await runBefore();
    await store.setState('owners/doc', Uint8Array.of(2));
    expect(await isWhole(createKeeper(), true)).toBe(false);
  });
});
