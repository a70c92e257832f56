// An honest user of Heddle's own client: the real connection and the real sync of documents, over a WebSocket or HTTP, on the
// world's clock. Its copy of a document outlives its connections.

import type * as Y from 'yjs';
import { Connection } from '../../client/connection/connection.js';
import type { ClientSocket, SocketEvents } from '../../client/connection/socket.js';
import { SyncedDoc } from '../support/synced-doc.js';
import type { DocumentName } from '../../shared/document-name.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { judgeRefusal, type AgentDeps, type Copy, type HonestAgent } from './agent.js';
import { NativeEar } from './native-ear.js';
import type { Ticket } from './people.js';
import { PollWire } from './poll-wire.js';
import { SimAwareness } from './sim-awareness.js';
import { SocketWire } from './socket-wire.js';
import { fairWeather, type Wire } from './wire.js';

interface OpenCopy {
  readonly document: DocumentName;
  readonly doc: Y.Doc;
  readonly sync: SyncedDoc;
  readonly presence: SimAwareness;
  isTyping: boolean;
  hasRefused: boolean;
  wasToldOfIt: boolean;
}

export interface NativeAgentOptions {
  readonly name: string;
  readonly documents: readonly DocumentName[];
  readonly ticket: Ticket;
  readonly isPresent: boolean;
  readonly isOverHttp: boolean;
  readonly random: SeededRandom;
}

export class NativeAgent implements HonestAgent {
  readonly name: string;
  ticket: Ticket;
  readonly #deps: AgentDeps;
  readonly #of: NativeAgentOptions;
  readonly #connection: Connection;
  #open: OpenCopy[] = [];
  #wire: Wire | undefined;
  #ear: NativeEar | undefined;
  /** Frames may have been late on this wire. */
  #isSpoilt = false;
  #wantsConnection = false;
  returns = -1;

  constructor(deps: AgentDeps, of: NativeAgentOptions) {
    this.#deps = deps;
    this.#of = of;
    this.name = of.name;
    this.ticket = of.ticket;
    const random = (): number => of.random.int(1_000_000) / 1_000_000;
    this.#connection = new Connection({
      url: 'ws://server/',
      token: async () => this.ticket.token,
      device: `device-${of.name}`,
      agent: 'simulation/1',
      openSocket: (_url, events) => this.#openSocket(events),
      clock: deps.clock,
      random,
    });
    this.#connection.on('ended', ({ message, code, closeCode }) => {
      if (code !== undefined) judgeRefusal(deps, this.name, code);
      if (code === 'TOKEN_EXPIRED') deps.clock.after(300, () => this.#renewExpired());
      else deps.timeline.log(`${this.name} has lost its connection: ${closeCode} ${message}`);
    });
    this.#begin();
  }

  get isConnected(): boolean {
    return this.#connection.state === 'open';
  }

  get copies(): readonly Copy[] {
    return this.#open.map(({ document, doc, sync, presence, hasRefused, wasToldOfIt }) => ({
      document,
      doc,
      access: this.ticket.rights.get(document) ?? 'none',
      isSynced: this.isConnected && sync.phase === 'synced',
      unacknowledged: sync.unsynced,
      isPresent: this.isConnected && sync.phase === 'synced' && presence.isPresent,
      presenceId: presence.id,
      sees: presence.others,
      hasRefused: hasRefused || (this.ticket.rights.get(document) !== 'write' && sync.unsynced > 0),
      wasToldOfIt: wasToldOfIt || sync.access !== 'write' || !this.isConnected,
    }));
  }

  /** N3: updates that were sent so long ago and not answered. */
  unanswered(forMs: number): string[] {
    return this.#ear?.unanswered(forMs) ?? [];
  }

  /** Offers what the server may have lost: nobody else can know that it lacks something. */
  compare(document: DocumentName): void {
    this.#deps.timeline.log(`${this.name} compares ${document}`);
    this.#open.find((copy) => copy.document === document)?.sync.compare();
  }

  act(random: SeededRandom): void {
    const dice = random.int(100);
    if (!this.#wantsConnection && dice < 60) return this.#connect();
    if (dice < 70) return this.type(random);
    if (dice < 76) return this.#disconnect();
    if (dice < 86) return this.#changeWeather(random);
    if (dice < 90) return this.#break(random);
    if (dice < 94) return this.#move(random);
    if (dice < 96) return this.#reload(random.chance(0.5));
    if (dice < 98) for (const { sync } of this.#open) void sync.synced().catch(() => undefined);
  }

  renew(ticket: Ticket): void {
    const hasChanged = this.#of.documents.some(
      (document) => ticket.rights.get(document) !== this.ticket.rights.get(document),
    );
    this.#deps.timeline.log(
      `${this.name} has the token ${ticket.token}${hasChanged ? ', with other rights' : ''}`,
    );
    this.ticket = ticket;
    this.#connection.renewed(ticket.token);
    for (const copy of this.#open) {
      copy.sync.retry();
      if (ticket.rights.get(copy.document) !== 'write') continue;
      // What was typed without the right is handed in now, and taken.
      this.#deps.ledger.allow(copy.document, copy.doc.clientID);
      copy.hasRefused = false;
    }
  }

  calm(): void {
    this.#deps.timeline.log(`${this.name} is calm`);
    if (this.#wire !== undefined) this.#wire.weather = this.#deps.weather.fair;
    this.#connect();
    this.#connection.nudge();
  }

  end(): void {
    for (const copy of this.#open.splice(0)) this.#close(copy);
    this.#connection.destroy();
    this.#wire?.close();
  }

  #renewExpired(): void {
    if (this.#connection.state === 'blocked') this.renew(this.#deps.renewed(this.ticket));
  }

  #connect(): void {
    this.#wantsConnection = true;
    this.#connection.connect();
  }

  #disconnect(): void {
    this.#wantsConnection = false;
    this.#connection.disconnect();
  }

  #begin(): void {
    this.#open = this.#of.documents.map((document) => this.#openCopy(document));
    for (const { sync } of this.#open) sync.start();
  }

  #openCopy(document: DocumentName): OpenCopy {
    const { clock, timeline, ledger } = this.#deps;
    const doc = this.#deps.newDoc(this.#of.random);
    const random = (): number => this.#of.random.int(1_000_000) / 1_000_000;
    const sync = new SyncedDoc({
      doc,
      name: document,
      connection: this.#connection,
      clock,
      random,
    });
    const { isPresent } = this.#of;
    // Our client tells of itself alone (client/document/presence.ts). Who tells nothing of itself repeats the others here, as
    // stock clients do: the server must bear that, and the announcements are then of others' ids only.
    const presence = new SimAwareness(clock, doc, isPresent, (update, isOwn) => {
      if (!isPresent) sync.announce(update);
      else if (isOwn) sync.announce(presence.own());
    });
    const copy: OpenCopy = {
      document,
      doc,
      sync,
      presence,
      isTyping: false,
      hasRefused: false,
      wasToldOfIt: false,
    };
    sync.channel.on('awareness', ({ update }) => presence.apply(update));
    sync.on('phase', (phase) => {
      timeline.log(`${this.name} ${document} ${phase}`);
      if (phase === 'synced' && presence.isPresent) sync.announce(presence.own());
      if (phase === 'closed') presence.forgetOthers();
    });
    sync.on('refused', ({ message }) => {
      copy.wasToldOfIt = true;
      judgeRefusal(this.#deps, `${this.name} ${document}`, message, copy);
    });
    doc.on('update', (update: Uint8Array, origin: unknown, _doc: unknown, made: Y.Transaction) => {
      if (origin === sync.content) return;
      if (!copy.isTyping) this.#tidied(document, update);
      if (this.ticket.rights.get(document) === 'write' || !copy.isTyping) return;
      copy.hasRefused = true;
      ledger.forbid(document, doc.clientID, made.beforeState.get(doc.clientID) ?? 0);
    });
    if (this.#of.isPresent) presence.move({ name: this.name });
    return copy;
  }

  #close({ sync, presence }: OpenCopy): void {
    sync.destroy();
    presence.end();
  }

  /** C1: only formatting is tidied by Yjs of its own accord. */
  #tidied(document: DocumentName, update: Uint8Array): void {
    const { timeline, hasFormats } = this.#deps;
    timeline.log(`${this.name} edits ${document} without its user: ${Buffer.from(update).toString('hex')}`);
    if (!hasFormats) timeline.violate('C1', `${this.name} edits ${document} without its user`);
  }

  type(random: SeededRandom): void {
    const copy = random.pick(this.#open);
    if (this.ticket.rights.get(copy.document) !== 'write' && random.chance(0.8)) return;
    const burst = 1 + random.int(5);
    this.#deps.timeline.log(`${this.name} types ${burst} in ${copy.document}`);
    // What is typed in one turn is joined by the client; people who type fast do not type all in one turn.
    for (let i = 0; i < burst; i++) {
      const own = random.uint32();
      this.#deps.clock.after(i * random.pick([0, 1, 3]), () => this.#edit(copy, own));
    }
  }

  #edit(copy: OpenCopy, seed: number): void {
    if (!this.#open.includes(copy)) return;
    copy.isTyping = true;
    this.#deps.edit(copy.doc, this.#of.random.fork(seed));
    copy.isTyping = false;
  }

  #move(random: SeededRandom): void {
    if (this.#of.isPresent)
      for (const { presence } of this.#open) presence.move({ at: random.int(1_000), name: this.name });
  }

  #changeWeather(random: SeededRandom): void {
    if (this.#wire === undefined) return;
    this.#isSpoilt = true;
    this.#wire.weather = this.#deps.weather.pick(random);
    this.#deps.timeline.log(`${this.name} has weather ${JSON.stringify(this.#wire.weather)}`);
  }

  #break(random: SeededRandom): void {
    this.#deps.timeline.log(`${this.name} loses its connection`);
    if (random.chance(0.5)) this.#wire?.cut();
    else this.#wire?.vanish();
  }

  /** A page is loaded anew, without a copy: what it had not sent is gone. */
  #reload(keepsConnection: boolean): void {
    this.#deps.timeline.log(`${this.name} reloads${keepsConnection ? ' its documents' : ''}`);
    if (!keepsConnection) this.#connection.disconnect();
    for (const copy of this.#open) this.#close(copy);
    this.#begin();
    if (this.#wantsConnection) this.#connection.connect();
  }

  #openSocket(events: SocketEvents): ClientSocket {
    const { net, clock, timeline, ledger, people, weather } = this.#deps;
    this.#isSpoilt = false;
    const ear = new NativeEar({
      who: this.name,
      clock,
      timeline,
      ledger,
      people,
      delayMs: () => (this.#isSpoilt || this.#of.isOverHttp ? Infinity : 50),
      docOf: (document) => this.#open.find((copy) => copy.document === document && isOpen(copy))?.doc,
    });
    this.#ear = ear;
    const heard = {
      opened: () => {
        this.returns++;
        events.opened();
      },
      frame: (bytes: Uint8Array) => {
        ear.heard(bytes);
        events.frame(bytes);
        if (this.#ear === ear) ear.taken();
      },
      closed: (code: number, reason: string) => {
        if (this.#ear === ear) this.#ear = undefined;
        events.closed(code, reason);
      },
    };
    const wire = this.#of.isOverHttp
      ? new PollWire(net, '', heard)
      : new SocketWire(net, '/', '', fairWeather, heard);
    wire.weather = weather.fair;
    this.#wire = wire;
    return {
      bufferedBytes: 0,
      send(frame) {
        ear.said(frame);
        wire.send(frame);
      },
      close: () => {
        if (this.#ear === ear) this.#ear = undefined;
        wire.close();
      },
    };
  }
}

/** The server has opened it for this copy, and not for one that was let go of; and the copy has taken what came first. */
function isOpen({ sync }: OpenCopy): boolean {
  return sync.phase === 'synced';
}
