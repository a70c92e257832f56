// Several clients whose rights change, with values that the server does not take and marks that Yjs tidies, on networks and
// a server that come and go. Whoever says that it is in sync has nothing that the server lacks; whoever waited for that
// is told, and told the truth.

import * as Y from 'yjs';
import { deletesOf, missingUpdate } from '../../client/crdt/missing-update.js';
import { createFakeClock } from '../support/fake-clock.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { settled } from '../support/turns.js';
import { faultsOf, type Edit } from './device-edits.js';
import { MortalServer } from './mortal-server.js';
import { RefusalDevice } from './refusal-device.js';

interface Made {
  readonly edits: readonly Edit[];
  readonly pictures: readonly string[];
}

export class RefusalWorld {
  readonly #random: SeededRandom;
  readonly #clock = createFakeClock();
  readonly #server: MortalServer;
  readonly #devices: readonly RefusalDevice[];
  /** All that was ever made, deleted content too. */
  readonly #all = new Y.Doc({ gc: false });
  readonly counts = {
    inSync: 0,
    refused: 0,
    readOnly: 0,
    resolved: 0,
    rejected: 0,
    reloaded: 0,
    handedOver: 0,
  };
  trace: (what: string) => void = () => {};

  constructor(random: SeededRandom) {
    this.#random = random;
    const names = ['ann', 'bob', 'cyd'];
    this.#server = new MortalServer(this.#clock, { maxMessageBytes: 20_000 }, names);
    const deps = {
      clock: this.#clock,
      server: this.#server,
      random,
      made: (update: Uint8Array) => Y.applyUpdate(this.#all, update),
    };
    this.#devices = names.map((name) => new RefusalDevice(name, deps));
  }

  async step(): Promise<void> {
    const random = this.#random;
    const device = random.pick(this.#devices);
    const action = random.int(100);
    this.trace(`${device.name} ${action}`);
    if (action < 35) device.edit();
    else if (action < 45) device.format();
    else if (action < 47) device.enlarge();
    else if (action < 60) device.turn(random.pick(['read', 'write', 'write', 'none']));
    else if (action < 68) device.network.state = random.pick(['up', 'up', 'down']);
    else if (action < 71) this.#reload(device);
    else if (action < 73) this.#handOver(device);
    else if (action < 75) this.#turnServer();
    else if (action < 79) this.#server.hold();
    else if (action < 84) this.#server.release();
    else device.wait();
    await this.#pass(random.pick([0, 0, 10, 50, 500, 5_000]));
    await this.#look();
  }

  /** Everything works again, and nobody is forbidden: who waited has been told, and all say what is so. */
  async settle(): Promise<void> {
    if (!this.#server.isUp) this.#turnServer();
    this.#server.release();
    for (const device of this.#devices) {
      device.network.state = 'up';
      if (device.access === 'none') device.turn('read');
    }
    await this.#pass(90_000, 500);
    await this.#look();
    const waiting = this.#devices.filter((one) => one.waiting.length > 0);
    if (waiting.length > 0) throw new Error(`still waiting: ${waiting.map(({ name }) => name).join(', ')}`);
    // Of what was refused only comparing finds what somebody else has brought, of all else everybody knows.
    await this.#judge(this.#devices.filter(({ sync }) => sync.refusedBytes === 0));
    for (const { network } of this.#devices) network.state = 'down';
    await this.#pass(100);
    for (const { network } of this.#devices) network.state = 'up';
    await this.#pass(90_000, 500);
    await this.#judge(this.#devices);
    for (const { isInSync, sync } of this.#devices) {
      if (isInSync) this.counts.inSync++;
      else if (sync.refusedBytes > 0) this.counts.refused++;
      else this.counts.readOnly++;
    }
  }

  async close(): Promise<void> {
    for (const device of this.#devices) device.destroy();
    await settled(5);
    await this.#server.settle();
    await this.#server.close();
  }

  #reload(device: RefusalDevice): void {
    this.counts.reloaded++;
    device.reload();
  }

  /** Somebody gets what somebody else has by another way than the server. */
  #handOver({ doc }: RefusalDevice): void {
    this.counts.handedOver++;
    this.#random.pick(this.#devices).reload([doc]);
  }

  #turnServer(): void {
    if (this.#server.isUp) this.#server.crash(this.#random);
    else {
      this.#server.start();
      for (const device of this.#devices) device.allow();
    }
  }

  async #pass(ms: number, stepMs = 10): Promise<void> {
    for (let left = ms; left >= 0; left -= stepMs) {
      this.#clock.advance(Math.min(left, stepMs));
      this.#server.advance(Math.min(left, stepMs));
      await settled(1);
      await this.#server.settle();
    }
  }

  /** What a client has made and says to be there is stored, as is what it was told to be. */
  async #look(): Promise<void> {
    const stored = await this.#server.stored();
    const check = (device: RefusalDevice, what: string, made: Made): void => {
      const faults = faultsOf(stored, made.edits);
      const there = [...stored.getMap('map').keys()];
      faults.push(...made.pictures.filter((key) => !there.some((one) => one.startsWith(key))));
      if (faults.length > 0) throw new Error(`${device.name}, ${what}: ${faults.join(', ')}`);
    };
    for (const device of this.#devices) {
      if (device.isInSync) check(device, 'in sync', device);
      const done = device.waiting.filter(({ end }) => end !== undefined);
      device.waiting = device.waiting.filter(({ end }) => end === undefined);
      for (const one of done) {
        if (one.end === 'resolved') check(device, 'told to be in sync', one);
        else if (!(one.end as { code?: string }).code)
          throw new Error('rejected with no code', { cause: one.end });
        this.counts[one.end === 'resolved' ? 'resolved' : 'rejected']++;
      }
    }
  }

  /** Who says to be in sync is, and who does not say so is not, and says why. */
  async #judge(devices: readonly RefusalDevice[]): Promise<void> {
    const stored = await this.#server.stored();
    for (const { name, doc, isInSync, sync } of devices) {
      const { phase, refusal } = sync;
      // C7: what one has written somebody else has brought first. A new Y.Doc can go on.
      if (phase !== 'synced' && refusal?.code !== 'CLIENT_ID_FOREIGN')
        throw new Error(`${name} is ${phase}: ${sync.reason?.message}`);
      const lacks = this.#lacks(stored, doc);
      if (isInSync && lacks !== '') throw new Error(`${name} says synced, and the server lacks ${lacks}`);
      if (!isInSync && lacks === '' && phase === 'synced')
        throw new Error(`${name} does not say synced, and the server lacks nothing`);
      if (!isInSync && refusal === undefined) throw new Error(`${name} does not say why`);
    }
  }

  /** What the document has and the server lacks, but for marks that Yjs may have tidied. */
  #lacks(stored: Y.Doc, doc: Y.Doc): string {
    const missing = missingUpdate(
      doc,
      Y.encodeStateVector(stored),
      deletesOf([Y.encodeStateAsUpdate(stored)]),
    );
    if (missing === undefined) return '';
    const { structs, ds } = Y.decodeUpdate(missing);
    const lacks = structs.map(({ id }) => `content of ${id.client}`);
    for (const [client, ranges] of ds.clients)
      for (const { clock, len } of ranges)
        for (let at = clock; at < clock + len; at++) {
          const { content } = Y.getItem(this.#all.store, Y.createID(client, at));
          if (!(content instanceof Y.ContentFormat)) lacks.push(`a deletion of ${client}`);
        }
    return lacks.join(', ');
  }
}
