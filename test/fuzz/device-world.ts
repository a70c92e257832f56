// Several devices with several tabs each and one server, all of which can fail, and what must be true of them whatever
// fails. What happens is random; who looks is not.

import { deepStrictEqual } from 'node:assert';
import * as Y from 'yjs';
import { createFakeClock } from '../support/fake-clock.js';
import { MemoryPeer } from '../support/memory-peer.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { settled } from '../support/turns.js';
import { contentOf, faultsOf, hasFlaws, type Edit } from './device-edits.js';
import { Device, type Tab, type User } from './device-tab.js';
import { MortalServer } from './mortal-server.js';

const mostTabs = 3;

export class World {
  readonly #random: SeededRandom;
  /** Decides who asks when all is on the server. */
  readonly #asking: SeededRandom;
  readonly #clock = createFakeClock();
  readonly #server: MortalServer;
  readonly #devices: Device[];
  readonly #users = new Map<Device, User>();
  /** May not read the document; on the first device. */
  readonly #stranger: User;
  readonly #strangers = new Set<Tab>();
  /** Tokens of edits that the stranger made. */
  readonly #strange: Edit[] = [];
  /** Every edit of who may write. */
  readonly #made = new Set<Edit>();
  readonly #madeOn = new Map<Device, Set<string>>();
  /** Edits that some tab counted as durable. */
  readonly #durable = new Set<Edit>();
  readonly counts = {
    meddled: 0,
    killed: 0,
    closed: 0,
    opened: 0,
    durable: 0,
    saved: 0,
    rebased: 0,
    synced: 0,
    told: 0,
    untold: 0,
  };
  trace: (what: string) => void = () => {};

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#asking = random.fork(2);
    const names = random.chance(0.5) ? ['a', 'b'] : ['a', 'b', 'c'];
    // Where nobody is known by name, client ids belong to connections alone.
    const hasUsers = random.chance(0.6);
    const limits = {
      ...(random.chance(0.3) ? { maxKeptLogBytes: 300, syncPartBytes: 100 } : {}),
      // What is uploaded is cut; a state vector has to fit in.
      ...(random.chance(0.3) ? { maxMessageBytes: 1_500 } : {}),
    };
    this.#server = new MortalServer(this.#clock, limits, hasUsers ? names : []);
    const deps = { clock: this.#clock, server: this.#server, random };
    this.#devices = names.map((name) => new Device(name, deps));
    for (const device of this.#devices)
      this.#users.set(device, { token: hasUsers ? device.name : 'write', copyName: 'doc' });
    this.#stranger = { token: 'nobody', copyName: random.chance(0.5) ? undefined : 'nobody/doc' };
  }

  get crashes(): number {
    return this.#server.crashes;
  }

  get checkpoints(): number {
    return this.#server.checkpoints;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const device = random.pick(this.#devices);
    const action = random.int(100);
    if (action < 40) this.#edit(device);
    else if (action < 50) this.#open(device);
    else if (action < 56) this.#close(device);
    else if (action < 62) this.#kill(device, 1);
    else if (action < 64) this.#kill(device, Infinity);
    else if (action < 67) await this.#cutShort(device);
    else if (action < 72) this.#turnNetwork(device, random.pick(['up', 'up', 'down', 'silent']));
    else if (action < 78) this.#turnServer();
    else if (action < 81) await this.#server.checkpoint();
    else if (action < 84) this.#server.hold();
    else if (action < 89) this.#server.release();
    else if (action < 92) this.#visit();
    else if (action < 95) await this.#meddle(device);
    else await this.#pass(random.pick([300, 1_500, 6_000, 15_000]), 150);
    await this.#go(random.pick([0, 0, 1, 5, 30, 120]));
    this.#ask(device);
    await this.#look();
  }

  /** Whoever waits until all is on the server is told so only when all that it showed then is. */
  #ask(device: Device): void {
    const tabs = this.#awakeOf(device);
    if (tabs.length === 0 || !this.#asking.chance(0.2)) return;
    const { name, doc, kept } = this.#asking.pick(tabs);
    const edits = this.#shownIn(doc);
    const told = (): void => {
      this.trace(`${name} has all on the server`);
      this.counts.told++;
      for (const edit of edits) this.#durable.add(edit);
    };
    // It may be let go of, or be refused something.
    kept.synced().then(told, () => void this.counts.untold++);
  }

  /** Everything works again and gets the time it takes: then all have the same, and nothing waits. */
  async settle(): Promise<void> {
    this.#server.start();
    this.#server.release();
    for (const device of this.#devices) {
      this.#turnNetwork(device, 'up');
      device.isSlow = false;
      for (const tab of device.tabs) tab.isFrozen = false;
    }
    await this.#pass(50_000, 500);
    await this.#compareShown();
    for (const device of this.#devices) {
      // What a dead tab has left is found by the next that is opened.
      this.#open(device, Infinity);
    }
    await this.#wait('what waits in the end');
    await this.#compare();
    await this.#restart();
  }

  async close(): Promise<void> {
    for (const device of this.#devices)
      for (const tab of [...device.tabs, ...device.closing]) device.kill(tab);
    await settled(5);
    await this.#server.settle();
    await this.#server.close();
  }

  #tabsOf(device: Device): Tab[] {
    return device.tabs.filter((tab) => !this.#strangers.has(tab));
  }

  /** Those in which something can be done. */
  #awakeOf(device: Device): Tab[] {
    return this.#tabsOf(device).filter(({ isFrozen }) => !isFrozen);
  }

  #edit(device: Device, tab?: Tab): void {
    const tabs = this.#awakeOf(device);
    if (tabs.length === 0) return this.#open(device);
    tab ??= this.#random.pick(tabs);
    for (let left = 1 + this.#random.int(3); left > 0; left--) {
      const edit = tab.edit();
      this.#made.add(edit);
      const made = this.#madeOn.get(device) ?? new Set();
      this.#madeOn.set(device, made.add(edit.token));
      this.trace(`${tab.name} ${edit.isDeletion ? 'deletes' : 'makes'} ${edit.token}`);
    }
  }

  #open(device: Device, most = mostTabs): void {
    if (this.#tabsOf(device).length >= most) return;
    this.counts.opened++;
    const tab = device.open(this.#users.get(device)!);
    this.trace(`${tab.name} opened`);
    tab.told = () => this.#believe(device, tab);
    // Before the copy is read.
    if (this.#random.chance(0.2)) this.#edit(device, tab);
  }

  #close(device: Device): void {
    const tabs = this.#awakeOf(device);
    if (tabs.length === 0) return;
    this.counts.closed++;
    const tab = this.#random.pick(tabs);
    this.trace(`${tab.name} closing`);
    void device.close(tab).then(() => this.trace(`${tab.name} closed`));
  }

  #kill(device: Device, count: number): void {
    for (let left = count; left > 0; left--) {
      const tabs = [...this.#tabsOf(device), ...device.closing];
      if (tabs.length === 0) return;
      this.#killTab(device, this.#random.pick(tabs));
    }
  }

  #killTab(device: Device, tab: Tab): void {
    this.counts.killed++;
    this.trace(`${tab.name} killed`);
    device.kill(tab);
  }

  /** A tab is killed when the others have just heard of an edit, or some of them. */
  async #cutShort(device: Device): Promise<void> {
    const tabs = this.#awakeOf(device);
    if (tabs.length === 0) return;
    const tab = this.#random.pick(tabs);
    this.#edit(device, tab);
    await this.#move(0, 0, 8);
    this.#killTab(device, tab);
  }

  #turnNetwork(device: Device, state: Device['networkState']): void {
    this.trace(`network of ${device.name} ${state}`);
    device.networkState = state;
  }

  #turnServer(): void {
    this.trace(this.#server.isUp ? 'server crashes' : 'server starts');
    if (this.#server.isUp) this.#server.crash(this.#random);
    else this.#server.start();
  }

  /** What browsers and views do to a page that goes on. */
  async #meddle(device: Device): Promise<void> {
    const [tab] = this.#random.shuffle(this.#tabsOf(device));
    const what = this.#random.pick(['mount', 'mount', 'freeze', 'lose', 'slow'] as const);
    this.trace(`${what}: ${what === 'slow' ? device.name : tab?.name}`);
    this.counts.meddled++;
    if (what === 'slow') device.isSlow = !device.isSlow;
    else if (tab === undefined) return;
    else if (what === 'freeze') tab.isFrozen = !tab.isFrozen;
    else if (what === 'lose') tab.loseDatabases();
    else await this.#flicker(tab);
  }

  /** A view is shown, hidden and shown again, faster than the server answers. */
  async #flicker(tab: Tab): Promise<void> {
    for (let left = 1 + this.#random.int(4); left > 0 && !tab.isFrozen; left--) {
      tab.mountAnew();
      // In the turn in which it is asked for, the server has not answered yet.
      const { kept } = tab;
      for (let turns = this.#random.int(200); turns > 0 && kept.phase !== 'opening'; turns--)
        await settled(1);
      if (kept.phase !== 'opening') await this.#move(0, 0, 3);
    }
  }

  /** The stranger comes to the first device, writes, or goes. */
  #visit(): void {
    const [device] = this.#devices;
    const [tab] = this.#strangers;
    if (tab === undefined) this.#strangers.add(device!.open(this.#stranger));
    else if (this.#random.chance(0.7)) this.#strange.push(tab.edit());
    else {
      this.#strangers.delete(tab);
      device!.kill(tab);
    }
  }

  async #pass(ms: number, stepMs: number): Promise<void> {
    this.trace(`${ms} ms pass`);
    for (let left = ms; left > 0; left -= stepMs) await this.#move(Math.min(left, stepMs), 4, 100);
  }

  async #go(ms: number): Promise<void> {
    if (ms === 0) return this.#move(0, this.#random.int(4), 3);
    for (let left = ms; left > 0; left -= 10) await this.#move(Math.min(left, 10), this.#random.int(6), 6);
  }

  /** Time goes on a little; the databases get so many turns, and so many messages of tabs arrive. */
  async #move(ms: number, turns: number, messages: number): Promise<void> {
    this.#clock.advance(ms);
    this.#server.advance(ms);
    for (const { browser } of this.#devices)
      for (let left = messages; left > 0 && browser.deliver(); left--) await Promise.resolve();
    await settled(turns);
    await this.#server.settle();
    this.#note();
  }

  /** What the tabs say of themselves now. */
  #note(): void {
    for (const device of this.#devices) {
      const tabs = this.#tabsOf(device);
      for (const tab of tabs) {
        this.#believe(device, tab);
        if (tab.takeLoaded())
          this.#check(
            tab.doc,
            tab.savedBefore,
            `saved on ${device.name}, not in ${tab.name} when it is loaded`,
          );
      }
    }
    for (const tab of this.#strangers) {
      const own = new Set(this.#strange.map(({ token }) => token));
      const { list } = contentOf(tab.doc);
      if (list.some((token) => !own.has(token))) throw new Error('a tab without rights has got something');
    }
  }

  /** What a tab says of its edits is remembered. */
  #believe(device: Device, tab: Tab): void {
    if (!tab.isAlive) return;
    for (const edit of tab.durable) this.#durable.add(edit);
    if (!tab.isSaved) return;
    for (const edit of tab.edits) device.saved.add(edit);
    // What it has heard is stored too, by whichever tab.
    for (const edit of this.#shownIn(tab.doc)) device.heard.add(edit);
  }

  /** The edits that a document has, each as a whole. */
  #shownIn(doc: Y.Doc): Edit[] {
    const { list, written } = contentOf(doc);
    const [listed, read] = [new Set(list), new Set(written)];
    return [...this.#made].filter(
      ({ token, isDeletion }) => !isDeletion && listed.has(token) && read.has(token),
    );
  }

  #check(doc: Y.Doc, edits: Iterable<Edit>, what: string): void {
    const faults = faultsOf(doc, edits);
    if (faults.length > 0) throw new Error(`${what}: ${faults.join(', ')}`);
  }

  async #look(): Promise<void> {
    const stored = await this.#server.stored();
    this.#check(stored, this.#durable, 'counted as durable, not stored');
    if (!this.#server.isUp || this.#lostIn(stored).length === 0) return;
    // What has come over the wire may not be stored yet.
    same(this.#lostIn(await this.#server.taken()), [], 'says that it is synced');
  }

  /** Of who says that the server has all, what it shows of the tabs of its browser and the server lacks. */
  #lostIn(server: Y.Doc): string[] {
    const there = new Set(contentOf(server).list);
    return this.#devices.flatMap((device) => {
      if (device.networkState !== 'up') return [];
      const tabs = this.#awakeOf(device).filter(({ isSynced }) => isSynced);
      this.counts.synced += tabs.length;
      const made = this.#madeOn.get(device) ?? new Set();
      return tabs.flatMap(({ name, doc }) => {
        const lost = contentOf(doc).list.filter((token) => made.has(token) && !there.has(token));
        return lost.map((token) => `${name}: ${token}`);
      });
    });
  }

  #waiting(): string[] {
    const tabs = this.#devices.flatMap((device) => this.#tabsOf(device));
    return [
      ...tabs.filter(({ kept }) => kept.phase !== 'synced').map((tab) => `${tab.name} is ${tab.kept.phase}`),
      ...tabs.filter(({ kept }) => kept.unsynced > 0).map((tab) => `${tab.name} has unsynced edits`),
      ...tabs.filter(({ isSynced }) => !isSynced).map((tab) => `${tab.name} does not say that it is synced`),
      ...tabs.filter(({ isSaved }) => !isSaved).map((tab) => `${tab.name} is not saved`),
      ...this.#devices.flatMap(({ closing }) => closing).map((tab) => `${tab.name} is not closed`),
    ];
  }

  /** Gives the tabs the time they need until nothing waits: one that was offline may try again only after half a minute. */
  async #wait(what: string): Promise<void> {
    for (let round = 0; round < 8; round++) {
      await this.#pass(20_000, 400);
      await this.#look();
      if (this.#waiting().length === 0) return;
    }
    same(this.#waiting(), [], what);
  }

  get #promised(): Set<Edit> {
    return new Set([...this.#durable, ...this.#devices.flatMap(({ saved }) => [...saved])]);
  }

  /** Whatever a tab shows is on the server, whoever made it: nobody has to open another tab for that. */
  async #compareShown(): Promise<void> {
    const stored = await this.#server.stored();
    const there = new Set(contentOf(stored).list);
    for (const { name, doc } of this.#devices.flatMap((device) => this.#tabsOf(device)))
      same(
        contentOf(doc).list.filter((token) => !there.has(token)),
        [],
        `shown in ${name}, not on the server`,
      );
  }

  /** All tabs, the server and somebody who comes late have the same, and all that was promised. */
  async #compare(): Promise<void> {
    const promised = this.#promised;
    for (const tab of this.#devices.flatMap((device) => this.#tabsOf(device)))
      this.#check(tab.doc, promised, `promised, not in ${tab.name}`);
    this.counts.durable = this.#durable.size;
    this.counts.saved = promised.size;
    this.counts.rebased = this.#devices.reduce((sum, { rebased }) => sum + rebased, 0);
    const late = new MemoryPeer(this.#server.process.transport, { isPresent: false });
    await this.#pass(500, 50);
    const stored = await this.#server.stored();
    this.#check(stored, promised, 'promised, not on the server');
    const { list, written } = contentOf(stored);
    same([...written].sort(), [...list].sort(), 'edits in part');
    const strange = new Set(this.#strange.map(({ token }) => token));
    same(
      list.filter((token) => strange.has(token)),
      [],
      'of a stranger',
    );
    same(contentOf(late.doc), contentOf(stored), 'a stock client');
    for (const { name, doc } of this.#devices.flatMap((device) => this.#tabsOf(device))) {
      same(contentOf(doc), contentOf(stored), name);
      same(hasFlaws(doc), false, `${name} has what no server takes`);
    }
    late.destroy();
  }

  /** The browsers are gone, and opened again without a network: all is there, and the server learns nothing new. */
  async #restart(): Promise<void> {
    const stored = await this.#server.stored();
    for (const device of this.#devices) {
      this.#kill(device, Infinity);
      this.#turnNetwork(device, 'down');
      this.#open(device);
    }
    const early = this.#devices.flatMap((device) => this.#tabsOf(device)).flatMap(({ edits }) => edits);
    await this.#pass(2_000, 100);
    for (const device of early.length === 0 ? this.#devices : [])
      for (const { doc, name } of this.#tabsOf(device))
        same(contentOf(doc), contentOf(stored), `${name} without a network`);
    for (const device of this.#devices) this.#turnNetwork(device, 'up');
    await this.#wait('what waits after the restart');
    this.#check(await this.#server.stored(), [...this.#promised, ...early], 'promised, not on the server');
  }
}

function same(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  }
}
