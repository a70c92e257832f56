// A document and the people around it, for checking that client ids stay with whom they belong to: honest pages with edits of
// their own, on devices that change users, online and offline; and somebody who may write, and may do nothing else.

import * as Y from 'yjs';
import type { Room } from '../../../server/room/room.js';
import type { RoomRegistry } from '../../../server/room/room-registry.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { encodeAwareness } from '../../support/peer.js';
import { WatchedWriter, type WatchedFanout } from '../../support/room-watch.js';
import type { SeededRandom } from '../../support/seeded-random.js';

const document = parseDocumentName('doc');

export interface Person {
  readonly sub: string;
  readonly device: string | undefined;
}

/** A page with a Y.Doc: what it has typed, and whether the server has it. */
export class Page {
  readonly doc = new Y.Doc();
  writer: WatchedWriter | undefined;
  person: Person;
  /** The server knows that its client id is its own. */
  isKnown = false;
  /** The document has content under its client id. */
  hasContent = false;
  /** All that it has typed, each time another text. */
  readonly typed: string[] = [];

  constructor(clientId: number, person: Person) {
    this.doc.clientID = clientId;
    this.person = person;
  }

  type(text: string): Uint8Array {
    const before = Y.encodeStateVector(this.doc);
    this.doc.getMap<string>('typed').set(`${this.doc.clientID}-${this.typed.length}`, text);
    this.typed.push(text);
    return Y.encodeStateAsUpdate(this.doc, before);
  }
}

export class World {
  readonly pages: Page[] = [];
  /** Whether each answer that an honest page got let it go on, with what happened where it did not. */
  readonly refused: string[] = [];
  registry: RoomRegistry<WatchedFanout>;
  readonly #random: SeededRandom;
  #nextId = 1_000_000;
  #texts = 0;

  constructor(registry: RoomRegistry<WatchedFanout>, random: SeededRandom) {
    this.registry = registry;
    this.#random = random;
  }

  newPage(person: Person): Page {
    const page = new Page(this.#nextId++, person);
    this.pages.push(page);
    return page;
  }

  /** It comes, announces its id if it is present, and offers all that it has; what the server lacks of that is taken. */
  async connect(page: Page, isPresent = true): Promise<void> {
    const room = await this.registry.open(document);
    const { sub, device } = page.person;
    page.writer = new WatchedWriter({ sub, device });
    this.#join(room, page.writer);
    if (isPresent) announce(room, page.writer, page.doc.clientID);
    page.isKnown ||= isPresent;
    for (const part of room.content.all()) Y.applyUpdate(page.doc, part);
    await this.#offer(page, room, Y.encodeStateAsUpdate(page.doc, room.content.stateVector()), false);
  }

  async disconnect(page: Page): Promise<void> {
    if (page.writer === undefined) return;
    const room = await this.registry.open(document);
    room.leave(page.writer);
    this.registry.released(room);
    page.writer = undefined;
  }

  async type(page: Page): Promise<void> {
    const update = page.type(`text ${this.#texts++}`);
    if (page.writer === undefined) return;
    await this.#offer(page, await this.registry.open(document), update, true);
  }

  /** Brings many tiny edits, each under a client id of its own. */
  async flood(person: Person, count: number): Promise<void> {
    const room = await this.registry.open(document);
    const writer = new WatchedWriter(person);
    this.#join(room, writer);
    for (let i = 0; i < count; i++) {
      const page = new Page(this.#nextId++, person);
      await room.accept(page.type('flood'), writer, true);
    }
    room.leave(writer);
    this.registry.released(room);
  }

  /** Somebody else who may write announces a page's id, and stays. Returns how that one leaves. */
  async announceAs(person: Person, victim: Page): Promise<() => void> {
    const room = await this.registry.open(document);
    const writer = new WatchedWriter(person);
    this.#join(room, writer);
    announce(room, writer, victim.doc.clientID);
    return () => room.leave(writer);
  }

  /** Announces somebody's id, and writes under it on the clocks that its owner uses next. */
  async forge(
    person: Person,
    victim: Page,
    mayWrite: boolean,
    isLive = this.#random.chance(0.5),
  ): Promise<void> {
    const room = await this.registry.open(document);
    const writer = new WatchedWriter({ ...person, mayWrite });
    this.#join(room, writer);
    announce(room, writer, victim.doc.clientID);
    if (mayWrite) {
      const known = new Y.Doc();
      for (const part of room.content.all()) Y.applyUpdate(known, part);
      const before = Y.encodeStateVector(known);
      known.clientID = victim.doc.clientID;
      known.getMap('typed').set('forged', 'forged');
      await room.accept(Y.encodeStateAsUpdate(known, before), writer, isLive);
    }
    room.leave(writer);
    this.registry.released(room);
  }

  /** What the document holds. */
  async content(): Promise<Map<string, unknown>> {
    const room = await this.registry.open(document);
    const doc = new Y.Doc();
    for (const part of room.content.all()) Y.applyUpdate(doc, part);
    return new Map(doc.getMap('typed').entries());
  }

  async #offer(page: Page, room: Room<WatchedFanout>, update: Uint8Array, isLive: boolean): Promise<void> {
    if (page.writer === undefined) return;
    const { isForeign, isIncomplete } = await room.accept(update, page.writer, isLive);
    page.hasContent ||= page.typed.length > 0;
    if (isForeign || isIncomplete)
      this.refused.push(
        `client ${page.doc.clientID} of ${page.person.sub}, ${isLive ? 'typing' : 'coming back'}`,
      );
  }

  #join(room: Room<WatchedFanout>, writer: WatchedWriter): void {
    room.join(writer);
    this.registry.used(room);
  }
}

function announce(room: Room<WatchedFanout>, writer: WatchedWriter, clientId: number): void {
  room.announce(writer, encodeAwareness([{ clientId, clock: 1, state: {} }]));
}
