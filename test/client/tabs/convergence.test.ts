// Tabs that come, go, die, are offline and hear each other in any order: those that are left have the same in the end.
// HEDDLE_SEED replays one run.

import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { FakeBrowser } from '../../support/browser-platform.js';
import { wideClientId } from '../../support/client-ids.js';
import { contentOf, rootsOf } from '../../support/histories.js';
import { randomEdits } from '../../support/random-edits.js';
import { chooseSeed, withSeed, type SeededRandom } from '../../support/seeded-random.js';
import { settled } from '../../support/turns.js';
import { openTab, type DocumentTab } from './support.js';

const runs = Number(process.env['HEDDLE_FUZZ_RUNS'] ?? 60);
const isReplay = (process.env['HEDDLE_SEED'] ?? '') !== '';
const steps = 80;

/** A tab with its own connection to a server, which is there or not. */
interface Member extends DocumentTab {
  isOnline: boolean;
  isJoined: boolean;
  /** What the server has for it. */
  readonly hear: (update: Uint8Array) => void;
}

class World {
  readonly #random: SeededRandom;
  readonly #browser: FakeBrowser;
  /** What the server has; it takes everything of who is online. */
  readonly #server = new Y.Doc();
  /** What the browser keeps on the device: tabs load it when they open. */
  readonly #copy = new Y.Doc();
  #members: Member[] = [];
  readonly counts = { killed: 0, left: 0, orphaned: 0, errors: 0, posted: 0 };

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#browser = new FakeBrowser({ pick: (count) => random.int(count) });
    for (let left = 2 + random.int(2); left > 0; left--) this.#open();
  }

  async run(): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#step();
      for (let left = this.#random.int(8); left > 0; left--) {
        this.#browser.deliver();
        await Promise.resolve();
      }
      if (this.#random.chance(0.2)) await settled(1);
    }
  }

  /** Nobody gets online for this: what the tabs have in common comes from each other. */
  async settle(): Promise<unknown[]> {
    for (const member of this.#members) {
      this.#offline(member);
      this.#join(member);
    }
    await this.#browser.pass(20_000, 2_500);
    this.counts.posted = this.#browser.posted.length;
    for (const { events } of this.#members) {
      this.counts.orphaned += events.filter((event) => event === 'orphaned').length;
      this.counts.errors += events.filter((event) => event.startsWith('error')).length;
    }
    return this.#members.map(({ doc }) => contentOf(doc, false));
  }

  presence(): number[][] {
    return this.#members.map(({ awareness }) => [...awareness.getStates().keys()].sort((a, b) => a - b));
  }

  async close(): Promise<void> {
    for (const member of this.#members) member.close();
    await this.#browser.settle();
    if (this.#browser.clock.pending > 0) throw new Error('a destroyed channel keeps a timer');
  }

  #step(): void {
    const random = this.#random;
    const member = random.pick(this.#members);
    const chance = random.int(100);
    if (chance < 55) randomEdits(member.doc, Object.values(rootsOf(member.doc)), random, { formats: false });
    else if (chance < 63) this.#offline(member);
    else if (chance < 75) this.#online(member);
    else if (chance < 81) this.#leave(member);
    else if (chance < 90) this.#join(member);
    else if (chance < 94) this.#kill(member);
    else if (chance < 98) this.#open();
    else Y.applyUpdate(member.doc, Y.encodeStateAsUpdate(this.#copy), 'copy');
  }

  #open(): void {
    if (this.#members.length === 5) return;
    const doc = new Y.Doc();
    doc.clientID = wideClientId(this.#random.uint32());
    rootsOf(doc);
    const hear = (update: Uint8Array): void => Y.applyUpdate(doc, update, 'server');
    const member: Member = { ...openTab(this.#browser, { doc }), isOnline: false, isJoined: false, hear };
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'server' || origin === 'copy') return;
      // Some of it gets to the device before the tab dies.
      if (this.#random.chance(0.5)) Y.applyUpdate(this.#copy, update);
      if (member.isOnline) Y.applyUpdate(this.#server, update);
    });
    if (this.#random.chance(0.7)) Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.#copy), 'copy');
    this.#members.push(member);
    this.#join(member);
  }

  #online(member: Member): void {
    if (member.isOnline) return;
    member.isOnline = true;
    Y.applyUpdate(member.doc, Y.encodeStateAsUpdate(this.#server), 'server');
    Y.applyUpdate(this.#server, Y.encodeStateAsUpdate(member.doc));
    this.#server.on('update', member.hear);
    member.channel.setState({ isSynced: true, unsynced: 0 });
  }

  #offline(member: Member): void {
    if (!member.isOnline) return;
    member.isOnline = false;
    this.#server.off('update', member.hear);
    member.channel.setState({ isSynced: false, unsynced: this.#random.int(2) });
  }

  #join(member: Member): void {
    member.isJoined = true;
    member.channel.join();
  }

  #leave(member: Member): void {
    if (!member.isJoined) return;
    member.isJoined = false;
    member.channel.leave();
    this.counts.left++;
  }

  #kill(member: Member): void {
    if (this.#members.length <= 2) return;
    this.#members = this.#members.filter((other) => other !== member);
    this.#server.off('update', member.hear);
    member.tab.kill(() => this.#random.chance(0.5));
    member.close();
    this.counts.killed++;
  }
}

function converges(seed: number): Promise<World['counts']> {
  return withSeed(seed, async (random) => {
    const world = new World(random);
    await world.run();
    const [first, ...others] = await world.settle();
    for (const other of others) expect(other).toEqual(first);
    const [states, ...others2] = world.presence();
    for (const other of others2) expect(other).toEqual(states);
    expect(world.counts.errors).toBe(0);
    await world.close();
    return world.counts;
  });
}

const seed = chooseSeed();

test(
  `J8, J10, J11: tabs with random faults end equal, from seed ${seed} on`,
  { timeout: Math.max(120_000, runs * 2_000) },
  async () => {
    const sum: Record<string, number> = {};
    for (let run = 0; run < (isReplay ? 1 : runs); run++)
      for (const [name, count] of Object.entries(await converges(seed + run)))
        sum[name] = (sum[name] ?? 0) + count;
    console.info(`${runs} runs from seed ${seed}`, sum);
    if (isReplay) return;
    expect(sum['killed']).toBeGreaterThan(0);
    expect(sum['left']).toBeGreaterThan(0);
    expect(sum['orphaned']).toBeGreaterThan(0);
  },
);
