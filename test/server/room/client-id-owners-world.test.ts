// Whatever happens around a document, an edit that was acknowledged is in it with its own content, and nobody honest is
// refused.

import { afterEach, expect, it } from 'vitest';
import * as Y from 'yjs';
import { RoomRegistry } from '../../../server/room/room-registry.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { defaultLimits } from '../../../shared/limits.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { WatchedFanout } from '../../support/room-watch.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { InProcessWorker } from '../../support/in-process-worker.js';
import { pass } from '../../support/turns.js';
import { World, type Page, type Person } from './client-id-world.js';

const count = Number(process.env['SEEDS'] ?? 40);
const first = Number(process.env['HEDDLE_SEED'] ?? 1);
const seeds = Array.from({ length: count }, (_, i) => first + i);

const clock = createFakeClock();
const open = new Set<RoomRegistry<WatchedFanout>>();

function createRegistry(store: ControlledStore): RoomRegistry<WatchedFanout> {
  const registry = new RoomRegistry({
    store,
    worker: new InProcessWorker(),
    clock,
    // Rooms that nobody has open are dropped at once.
    limits: { ...defaultLimits, maxIdleBytes: 0 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    gc: true,
    commitIntervalMs: 10,
    createFanout: () => new WatchedFanout(),
    failed: () => {},
  });
  open.add(registry);
  return registry;
}

afterEach(async () => {
  for (const registry of open) await registry.close();
  open.clear();
});

const mallory: Person = { sub: 'mallory', device: 'device of mallory' };
const forger: Person = { sub: 'forger', device: undefined };

interface Scene {
  readonly world: World;
  readonly store: ControlledStore;
  readonly random: SeededRandom;
  readonly people: readonly Person[];
}

/** People of the seed: some with devices that prove themselves, some of which change their user. */
function peopleOf(random: SeededRandom): Person[] {
  return Array.from({ length: 2 + random.int(4) }, (_, i) => ({
    sub: `user ${i}`,
    device: random.chance(0.6) ? `device ${random.int(3)}` : undefined,
  }));
}

/** The same page goes on under another user: only where its device can prove itself. */
function changeUser(page: Page, random: SeededRandom): void {
  if (page.person.device !== undefined) page.person = { ...page.person, sub: `guest ${random.int(1_000)}` };
}

async function step({ world, store, random, people }: Scene): Promise<void> {
  const { pages } = world;
  const page =
    pages.length === 0 || random.chance(0.1) ? world.newPage(random.pick(people)) : random.pick(pages);
  const dice = random.int(100);
  if (dice < 40) await world.type(page);
  else if (dice < 60) await (page.writer === undefined ? world.connect(page) : world.disconnect(page));
  else if (dice < 65) {
    await world.disconnect(page);
    changeUser(page, random);
  } else if (dice < 75) await world.flood(mallory, 1 + random.int(20));
  else if (dice < 90) {
    if (page.isKnown) await world.forge(random.pick([mallory, forger]), page, random.chance(0.6));
  } else if (dice < 93) {
    for (const one of pages) await world.disconnect(one);
    // Long enough for the room to be dropped, once its owners are kept.
    await pass(clock, 20_000, 1_000);
    onlyContentIsKnown(pages);
  } else if (dice < 96) {
    for (const one of pages) await world.disconnect(one);
    await pass(clock, 20);
    await world.registry.close();
    world.registry = createRegistry(store);
    onlyContentIsKnown(pages);
  } else await pass(clock, 20);
}

/** Who has announced an id and written nothing is not remembered. */
function onlyContentIsKnown(pages: readonly Page[]): void {
  for (const page of pages) page.isKnown &&= page.hasContent;
}

it.each(seeds)('C3, C6, C7: nobody loses an edit, and nobody honest is refused (seed %i)', async (seed) => {
  const random = new SeededRandom(seed);
  const store = new ControlledStore();
  const world = new World(createRegistry(store), random);
  const people = peopleOf(random);
  for (let i = 0; i < 150; i++) await step({ world, store, random, people });
  for (const page of world.pages) {
    await world.disconnect(page);
    await world.connect(page);
  }
  expect(world.refused).toEqual([]);
  const content = await world.content();
  for (const { doc, typed } of world.pages)
    for (const [at, text] of typed.entries()) expect(content.get(`${doc.clientID}-${at}`)).toBe(text);
});

const ann: Person = { sub: 'ann', device: undefined };
const bob: Person = { sub: 'bob', device: undefined };

it(
  'C6: 10,500 tiny edits under new client ids do not free the id of somebody who is offline',
  { timeout: 120_000 },
  async () => {
    const world = new World(createRegistry(new ControlledStore()), new SeededRandom(1));
    const victim = world.newPage(ann);
    await world.connect(victim);
    await world.type(victim);
    await world.disconnect(victim);
    await world.type(victim);
    await world.flood(mallory, 10_500);
    for (const mayWrite of [false, true]) await world.forge(forger, victim, mayWrite);
    await world.connect(victim);
    expect(world.refused).toEqual([]);
    expect([...(await world.content()).values()]).toEqual(expect.arrayContaining(victim.typed));
  },
);

it('C6: who brings what was typed offline, and announces nothing, keeps the id when another user announces it', async () => {
  const world = new World(createRegistry(new ControlledStore()), new SeededRandom(1));
  const victim = world.newPage(ann);
  await world.type(victim);
  await world.connect(victim, false);
  const forger = await world.announceAs(mallory, victim);
  await world.type(victim);
  forger();
  await world.disconnect(victim);
  await world.type(victim);
  await world.forge(mallory, victim, true);
  await world.connect(victim, false);
  expect(world.refused).toEqual([]);
  expect([...(await world.content()).values()]).toEqual(victim.typed);
});

/** A registry after a run that has come to its end. */
async function laterRegistry(store: ControlledStore): Promise<RoomRegistry<WatchedFanout>> {
  const before = createRegistry(store);
  await before.open(parseDocumentName('another'));
  await before.close();
  return createRegistry(store);
}

it.each(['at once', 'once the room has left memory', 'after a restart'])(
  'C6: who brings what was typed offline, and announces nothing, keeps the id when another user types under it: %s',
  async (when) => {
    const store = new ControlledStore();
    const world = new World(await laterRegistry(store), new SeededRandom(1));
    const victim = world.newPage(ann);
    await world.type(victim);
    await world.connect(victim, false);
    await pass(clock, 100);
    await world.disconnect(victim);
    await world.type(victim);
    if (when !== 'at once') await pass(clock, 20_000, 1_000);
    if (when === 'after a restart') {
      await world.registry.close();
      world.registry = createRegistry(store);
    }
    for (const isLive of [true, false]) await world.forge(mallory, victim, true, isLive);
    await world.connect(victim, false);
    await world.type(victim);
    expect(world.refused).toEqual([]);
    expect([...(await world.content()).values()]).toEqual(victim.typed);
  },
);

it('C6: who brings after a kill what another page has typed does not keep that page from its id', async () => {
  let isDead = false;
  const store = new (class extends ControlledStore {
    override setState(key: string, value: Uint8Array | undefined): Promise<void> {
      return isDead ? new Promise(() => {}) : super.setState(key, value);
    }
    override append(batch: Parameters<ControlledStore['append']>[0]): ReturnType<ControlledStore['append']> {
      return isDead ? new Promise(() => {}) : super.append(batch);
    }
  })();
  const world = new World(await laterRegistry(store), new SeededRandom(1));
  const [author, reader] = [world.newPage(ann), world.newPage(bob)];
  await world.connect(author, false);
  await world.connect(reader, false);
  await world.type(author);
  // The reader has heard this edit, and the server is killed before it has stored anything.
  Y.applyUpdate(reader.doc, Y.encodeStateAsUpdate(author.doc));
  isDead = true;
  await pass(clock, 50);
  isDead = false;
  open.delete(world.registry);
  world.registry = createRegistry(store);
  for (const page of [reader, author]) {
    page.writer = undefined;
    await world.connect(page, false);
  }
  await world.type(author);
  expect(world.refused).toEqual([]);
  expect([...(await world.content()).values()]).toEqual(author.typed);
});

it.each(['drained', 'killed'])(
  'C6: a server that was %s knows whose ids are whose, and nobody takes one by announcing or typing',
  async (how) => {
    const store = new ControlledStore();
    const world = new World(createRegistry(store), new SeededRandom(1));
    const victim = world.newPage(ann);
    await world.connect(victim);
    await world.type(victim);
    await world.disconnect(victim);
    await pass(clock, 10_000, 1_000);
    if (how === 'drained') await world.registry.close();
    world.registry = createRegistry(store);
    await world.type(victim);
    for (const mayWrite of [false, true]) await world.forge(forger, victim, mayWrite, true);
    await world.connect(victim);
    expect(world.refused).toEqual([]);
    expect([...(await world.content()).values()]).toEqual(victim.typed);
  },
);

it.each([
  ['at once', 1],
  ['with many others', 200],
])(
  'C6: a server that is killed right after a commit knows whose the ids in it are: %s',
  async (_how, pages) => {
    const store = new ControlledStore();
    const world = new World(createRegistry(store), new SeededRandom(1));
    for (let i = 1; i < pages; i++) {
      const other = world.newPage(bob);
      await world.connect(other);
      await world.type(other);
      if (i % 10 === 0) await pass(clock, 10);
    }
    const victim = world.newPage(ann);
    await world.connect(victim, false);
    await world.type(victim);
    // Long enough for a commit, and much less than claims without a record wait for.
    await pass(clock, 100);
    world.registry = createRegistry(store);
    await world.forge(forger, victim, true, true);
    victim.writer = undefined;
    await world.connect(victim);
    await world.type(victim);
    expect(world.refused).toEqual([]);
    expect([...(await world.content()).values()]).toEqual(expect.arrayContaining(victim.typed));
  },
);

it('C6, S19: the owner of an id is given to the store before the first record of the id, in the same turn', async () => {
  const calls: string[] = [];
  const store = new (class extends ControlledStore {
    override setState(key: string, value: Uint8Array | undefined): Promise<void> {
      calls.push(key);
      queueMicrotask(() => calls.push('the turn ends'));
      return super.setState(key, value);
    }
    override append(batch: Parameters<ControlledStore['append']>[0]): ReturnType<ControlledStore['append']> {
      calls.push('append');
      return super.append(batch);
    }
  })();
  const world = new World(createRegistry(store), new SeededRandom(1));
  const page = world.newPage(ann);
  await world.connect(page);
  calls.length = 0;
  await world.type(page);
  await pass(clock, 100);
  await world.type(page);
  await pass(clock, 100);
  expect(calls).toEqual(['owners/doc', 'append', 'the turn ends', 'append']);
});

it('C6: after a kill, whoever has what the server and its author have lost brings it', async () => {
  const store = new ControlledStore();
  const world = new World(createRegistry(store), new SeededRandom(1));
  const [author, reader] = [world.newPage(ann), world.newPage(bob)];
  await world.connect(author);
  await world.type(author);
  await pass(clock, 10_000, 1_000);
  // Told to the others, and never stored: the server is killed, and the author's page is closed.
  store.hold('append');
  await world.type(author);
  await world.connect(reader);
  const killed = world.registry;
  open.delete(killed);
  store.failures.set('append', new Error('killed'));
  store.release('append');
  await pass(clock, 20);
  world.registry = createRegistry(store);
  world.pages.splice(world.pages.indexOf(author), 1);
  reader.writer = undefined;
  await world.connect(reader);
  expect(world.refused).toEqual([]);
  expect([...(await world.content()).values()]).toEqual(author.typed);
});
