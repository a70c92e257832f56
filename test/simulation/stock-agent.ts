// An honest user of a stock client: what y-websocket's provider does with one document, its reconnects and its awareness
// included, on the world's clock.

import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import type { Timer } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { readMessage } from '../support/memory-peer.js';
import { frameOf } from '../support/peer.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { judgeRefusal, type AgentDeps, type Copy, type HonestAgent } from './agent.js';
import type { Browser, Page } from './browser.js';
import type { Ticket } from './people.js';
import { SimAwareness } from './sim-awareness.js';
import { SocketWire } from './socket-wire.js';
import type { Wire } from './wire.js';

const silenceMs = 30_000;

export interface StockAgentOptions {
  readonly name: string;
  readonly document: DocumentName;
  readonly ticket: Ticket;
  readonly isPresent: boolean;
  readonly random: SeededRandom;
  /** Where it is a page among others with the same document. */
  readonly browser?: Browser | undefined;
}

export class StockAgent implements HonestAgent, Page {
  readonly name: string;
  readonly document: DocumentName;
  /** Edits that Yjs has made on this client while its user typed nothing. */
  readonly unmeant: Uint8Array[] = [];
  ticket: Ticket;
  doc: Y.Doc;
  presence: SimAwareness;
  readonly #deps: AgentDeps;
  readonly #random: SeededRandom;
  readonly #isPresent: boolean;
  readonly #browser: Browser | undefined;
  #wire: Wire | undefined;
  #isOpen = false;
  #isSynced = false;
  #wantsConnection = false;
  #isBlocked = false;
  #isTyping = false;
  /** The server has said that it takes no edits; the user has made some all the same. */
  #wasDenied = false;
  #hasRefused = false;
  #attempts = 0;
  returns = -1;
  #heardAt = 0;
  #retry: Timer | undefined;
  readonly #look: Timer;

  constructor(deps: AgentDeps, of: StockAgentOptions) {
    this.#deps = deps;
    this.name = of.name;
    this.document = of.document;
    this.ticket = of.ticket;
    this.#isPresent = of.isPresent;
    this.#browser = of.browser;
    this.#random = of.random;
    [this.doc, this.presence] = this.#begin();
    this.#look = deps.clock.every(3_000, () => {
      if (this.#isOpen && deps.clock.monotonic() - this.#heardAt > silenceMs) this.#wire?.cut();
    });
  }

  get isConnected(): boolean {
    return this.#isOpen;
  }

  get mayWrite(): boolean {
    return this.ticket.rights.get(this.document) === 'write';
  }

  get copies(): readonly Copy[] {
    const { document, doc, presence } = this;
    const access = this.ticket.rights.get(document) ?? 'none';
    const isTold = this.#browser?.has(this) === true && this.#browser.hasOthers(this);
    const isPresent = (this.#isOpen || isTold) && presence.isPresent;
    const refused = { hasRefused: this.#hasRefused, wasToldOfIt: this.#wasDenied || !this.#isOpen };
    const known = {
      isSynced: this.#isSynced,
      unacknowledged: undefined,
      isPresent,
      presenceId: presence.id,
      sees: presence.others,
    };
    return [{ document, doc, access, ...known, ...refused }];
  }

  act(random: SeededRandom): void {
    const dice = random.int(100);
    if (!this.#wantsConnection && dice < 60) return this.connect();
    if (dice < 70) return this.type(random);
    if (dice < 76) return this.disconnect();
    if (dice < 86) return this.#changeWeather(random);
    if (dice < 90) return this.#break(random);
    if (dice < 94)
      return this.presence.move(this.#isPresent ? { at: random.int(1_000), name: this.name } : null);
    if (dice < 96) return this.#reload();
  }

  connect(): void {
    this.#wantsConnection = true;
    this.#retry?.cancel();
    this.#join();
    if (this.#wire !== undefined) return;
    this.#deps.timeline.log(`${this.name} connects with ${this.ticket.token}`);
    const query = `token=${this.ticket.token}`;
    const wire = new SocketWire(this.#deps.net, `/${this.document}`, query, this.#deps.weather.fair, {
      opened: () => this.#opened(),
      frame: (bytes) => this.#hear(bytes),
      closed: (code, reason) => this.#closed(code, reason),
    });
    this.#wire = wire;
  }

  disconnect(): void {
    this.#wantsConnection = false;
    this.#retry?.cancel();
    this.#leave();
    this.#wire?.close();
    this.#lost();
  }

  renew(ticket: Ticket): void {
    const hasChanged = ticket.rights.get(this.document) !== this.ticket.rights.get(this.document);
    this.ticket = ticket;
    this.#isBlocked = false;
    if (hasChanged) return this.#reload();
    this.disconnect();
    this.connect();
  }

  calm(): void {
    if (this.#wire !== undefined) this.#wire.weather = this.#deps.weather.fair;
    if (this.#isBlocked) return;
    this.#attempts = 0;
    this.connect();
  }

  end(): void {
    this.disconnect();
    this.#look.cancel();
    this.presence.end();
  }

  #begin(): [Y.Doc, SimAwareness] {
    const doc = this.#deps.newDoc(this.#random);
    doc.on('update', (update: Uint8Array, origin: unknown, _doc: unknown, made: Y.Transaction) => {
      if (origin === this) return;
      if (!this.#isTyping) this.#tidied(update);
      if (!this.mayWrite && this.#isTyping) {
        this.#deps.ledger.forbid(this.document, doc.clientID, made.beforeState.get(doc.clientID) ?? 0);
        this.#hasRefused = true;
      }
      this.#say([0, 2], update);
    });
    const presence = new SimAwareness(this.#deps.clock, doc, this.#isPresent, (update) =>
      this.#announce(update),
    );
    if (this.#isPresent) presence.move({ name: this.name });
    return [doc, presence];
  }

  /** C1: only formatting is tidied by Yjs of its own accord. */
  #tidied(update: Uint8Array): void {
    this.unmeant.push(update);
    this.#deps.timeline.log(`${this.name} edits without its user: ${Buffer.from(update).toString('hex')}`);
    if (!this.#deps.hasFormats) this.#deps.timeline.violate('C1', `${this.name} edits without its user`);
  }

  type(random: SeededRandom): void {
    if (!this.mayWrite && random.chance(0.8)) return;
    const burst = 1 + random.int(4);
    this.#deps.timeline.log(`${this.name} types ${burst} in ${this.document}`);
    this.#isTyping = true;
    for (let left = burst; left > 0; left--) this.#deps.edit(this.doc, random);
    this.#isTyping = false;
  }

  #changeWeather(random: SeededRandom): void {
    if (this.#wire === undefined) return;
    this.#wire.weather = this.#deps.weather.pick(random);
    this.#deps.timeline.log(`${this.name} has weather ${JSON.stringify(this.#wire.weather)}`);
  }

  #break(random: SeededRandom): void {
    this.#deps.timeline.log(`${this.name} loses its connection`);
    if (random.chance(0.5)) this.#wire?.cut();
    else this.#wire?.vanish();
  }

  /** A page is loaded anew, without a copy: what it had not sent is gone. */
  #reload(): void {
    this.#deps.timeline.log(`${this.name} reloads`);
    this.disconnect();
    this.presence.end();
    [this.doc, this.presence] = this.#begin();
    [this.#hasRefused, this.#wasDenied, this.#isBlocked] = [false, false, false];
    this.connect();
  }

  #opened(): void {
    this.returns++;
    this.#isOpen = true;
    this.#heardAt = this.#deps.clock.monotonic();
    this.#say([0, 0], Y.encodeStateVector(this.doc));
    if (this.presence.isPresent) this.#say([1], this.presence.own());
  }

  #hear(frame: Uint8Array): void {
    this.#heardAt = this.#deps.clock.monotonic();
    const { type, bytes } = readMessage(frame);
    if (type === 'step1') return this.#say([0, 1], Y.encodeStateAsUpdate(this.doc, bytes));
    if (type === 'awareness') return this.presence.apply(bytes);
    if (type === 'denied') {
      this.#wasDenied = true;
      return judgeRefusal(
        this.#deps,
        this.name,
        decoding.readVarString(decoding.createDecoder(frame.subarray(2))),
        this,
      );
    }
    this.#deps.ledger.echoed(this.name, this.document, bytes, this.doc.clientID);
    try {
      Y.applyUpdate(this.doc, bytes, this);
    } catch (error) {
      // Somebody else has written under its id, by what the server could know, before its own edits arrived.
      if (this.#deps.ledger.isLost(this.document, this.doc)) return;
      this.#deps.timeline.violate('C2', `${this.name} cannot apply an update: ${String(error)}`);
    }
    if (type === 'step2') this.#isSynced = true;
  }

  told(update: Uint8Array): void {
    this.presence.apply(update);
  }

  asked(): void {
    this.#browser?.tell(this, this.presence.all());
  }

  #join(): void {
    if (this.#browser?.has(this) !== false) return;
    this.#browser.join(this);
    this.#browser.tell(this, this.presence.own());
  }

  #leave(): void {
    this.#browser?.tell(this, this.presence.goodbye());
    this.#browser?.leave(this);
  }

  #announce(update: Uint8Array): void {
    this.#say([1], update);
    this.#browser?.tell(this, update);
  }

  #say(types: readonly number[], payload: Uint8Array): void {
    if (this.#isOpen) this.#wire?.send(frameOf([...types], payload));
  }

  #closed(code: number, reason: string): void {
    this.#lost();
    if (code !== 1006 && code !== 1000) judgeRefusal(this.#deps, this.name, reason, this);
    // As y-websocket 3.1: 44xx is for good; an application asks for a new token then.
    if (code >= 4400 && code < 4500) this.#isBlocked = true;
    if (code === 4401)
      this.#deps.clock.after(300, () => this.#isBlocked && this.renew(this.#deps.renewed(this.ticket)));
    if (this.#wantsConnection && !this.#isBlocked)
      this.#retry = this.#deps.clock.after(Math.min(2_500, 100 * 2 ** this.#attempts++), () =>
        this.connect(),
      );
  }

  #lost(): void {
    this.#wire = undefined;
    this.#isOpen = false;
    this.#isSynced = false;
    this.presence.forgetOthers();
  }
}
