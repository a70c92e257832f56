// A browser whose tabs come, go, die, freeze, are offline and hear each other in any order, with a server that is there for
// some of them, or with none.

import { deepStrictEqual } from 'node:assert';
import * as Y from 'yjs';
import { FakeBrowser } from '../../support/browser-platform.js';
import { wideClientId } from '../../support/client-ids.js';
import { contentOf, rootsOf } from '../../support/histories.js';
import { randomEdits } from '../../support/random-edits.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import { settled } from '../../support/turns.js';
import { openTab, type DocumentTab } from './support.js';

const steps = 60;
/** In a world without a server the tabs are compared this often. */
const stepsToQuiet = 20;

/** A tab with its own connection to a server, which is there or not. */
interface Member extends DocumentTab {
  isOnline: boolean;
  isJoined: boolean;
  /** What the server has for it. */
  readonly hear: (update: Uint8Array) => void;
}

export class World {
  readonly #random: SeededRandom;
  readonly #browser: FakeBrowser;
  /** What the server has; it takes everything of who is online. */
  readonly #server = new Y.Doc();
  /** What the browser keeps on the device: tabs load it when they open. */
  readonly #copy = new Y.Doc();
  /** Without one, whoever is joined hears everything from the others, at any time. */
  readonly #hasServer: boolean;
  #members: Member[] = [];
  readonly counts = { killed: 0, left: 0, orphaned: 0, errors: 0, posted: 0 };

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#hasServer = random.chance(0.5);
    this.#browser = new FakeBrowser({ pick: (count) => random.int(count) });
    for (let left = 2 + random.int(2); left > 0; left--) this.#open();
  }

  async run(): Promise<void> {
    for (let step = 1; step <= steps; step++) {
      this.#step();
      for (let left = this.#random.int(8); left > 0; left--) {
        this.#browser.deliver();
        await Promise.resolve();
      }
      if (this.#random.chance(0.2)) await settled(1);
      if (!this.#hasServer && step % stepsToQuiet === 0) await this.#quiet();
    }
  }

  /** All tabs have the same in the end. Nobody gets online for this: it comes from each other. */
  async settle(): Promise<void> {
    for (const member of this.#members) {
      this.#offline(member);
      this.#join(member);
    }
    await this.#quiet();
    const [states, ...others] = this.#members.map(({ awareness }) =>
      [...awareness.getStates().keys()].sort((a, b) => a - b),
    );
    for (const other of others) deepStrictEqual(other, states);
    this.counts.posted = this.#browser.posted.length;
    for (const { events } of this.#members) {
      this.counts.orphaned += events.filter((event) => event === 'orphaned').length;
      this.counts.errors += events.filter((event) => event.startsWith('error')).length;
    }
  }

  async close(): Promise<void> {
    for (const member of this.#members) member.close();
    await this.#browser.settle();
    if (this.#browser.clock.pending > 0) throw new Error('a destroyed channel keeps a timer');
  }

  /** Time passes until nothing is said any more; then all tabs that take part have the same. */
  async #quiet(): Promise<void> {
    for (const { tab } of this.#members) tab.isFrozen = false;
    await this.#browser.pass(10_000, 5_000);
    const [first, ...others] = this.#members
      .filter(({ isJoined }) => isJoined)
      .map(({ doc }) => contentOf(doc, false));
    for (const other of others) deepStrictEqual(other, first);
  }

  #step(): void {
    const random = this.#random;
    const member = random.pick(this.#members);
    const chance = random.int(100);
    if (chance < 48) randomEdits(member.doc, Object.values(rootsOf(member.doc)), random, { formats: false });
    else if (chance < 55) this.#offline(member);
    else if (chance < 65) this.#online(member);
    else if (chance < 71) this.#leave(member);
    else if (chance < 80) this.#join(member);
    else if (chance < 85) this.#kill(member);
    else if (chance < 91) this.#open();
    else if (chance < 95) member.tab.isFrozen = !member.tab.isFrozen;
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
    if (member.isOnline || !this.#hasServer) return;
    member.isOnline = true;
    Y.applyUpdate(member.doc, Y.encodeStateAsUpdate(this.#server), 'server');
    Y.applyUpdate(this.#server, Y.encodeStateAsUpdate(member.doc));
    this.#server.on('update', member.hear);
    member.channel.setState({ isSynced: true, hasUnsynced: false });
  }

  #offline(member: Member): void {
    if (!member.isOnline) return;
    member.isOnline = false;
    this.#server.off('update', member.hear);
    member.channel.setState({ isSynced: false, hasUnsynced: this.#random.int(2) === 1 });
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
