// Listens to one native connection and holds what the server says against what docs/protocol.md promises: acknowledgements,
// cursors, and the rights of the newest token.

import type * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { decodeClientFrame, decodeServerFrame } from '../../shared/native/frame.js';
import type { NativeClientMessage, NativeServerMessage } from '../../shared/native/messages.js';
import type { Ledger } from './ledger.js';
import type { People, Ticket } from './people.js';
import type { Timeline } from './timeline.js';

export interface EarDeps {
  readonly who: string;
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly ledger: Ledger;
  readonly people: People;
  /** How late a frame may reach the client, ms; Infinity where that is not known. */
  readonly delayMs: () => number;
  /** The client's Y.Doc, where it has one. */
  readonly docOf: (document: DocumentName) => Y.Doc | undefined;
}

interface Sent {
  readonly seq: number;
  readonly update: Uint8Array;
  readonly at: number;
}

/** One document that the server has opened. */
interface OpenDocument {
  readonly name: DocumentName;
  readonly writer: number;
  /** Not answered, oldest first. */
  sent: Sent[];
  lastSeq: number;
  cursor: number;
  checkedCursor: number;
}

/** A2: within this time of the moment. */
const withinMs = 1_000;

export class NativeEar {
  readonly #deps: EarDeps;
  readonly #refs = new Map<number, DocumentName>();
  readonly #documents = new Map<number, OpenDocument>();
  /** Tokens that were handed in and not answered. */
  readonly #offered: string[] = [];
  #ticket: Ticket | undefined;
  #ticketSince = 0;

  constructor(deps: EarDeps) {
    this.#deps = deps;
  }

  /** Numbers of the open documents. */
  get numbers(): ReadonlyMap<number, { readonly name: DocumentName }> {
    return this.#documents;
  }

  /** The number of the next update of an open document, for clients that keep no count themselves. */
  nextSeq(document: number): number {
    const open = this.#documents.get(document);
    return open === undefined ? 1 : ++open.lastSeq;
  }

  /** The newest token has counted for longer than an old right may last, does not allow writing, and none is on its way. */
  forbidsWriting(name: DocumentName): boolean {
    if (this.#ticket === undefined || this.#offered.length > 0) return false;
    const { clock } = this.#deps;
    const { rights, exp } = this.#ticket;
    const isOver = exp !== undefined && clock.now() > exp * 1000 + withinMs;
    const isRefused = rights.get(name) !== 'write' && clock.monotonic() > this.#ticketSince + withinMs;
    return isOver || isRefused;
  }

  /** The token that counts, as far as the client has been told. */
  get ticket(): Ticket | undefined {
    return this.#ticket;
  }

  said(frame: Uint8Array): void {
    let messages: NativeClientMessage[];
    try {
      messages = decodeClientFrame(frame);
    } catch {
      return;
    }
    for (const message of messages) this.#said(message);
  }

  heard(frame: Uint8Array): void {
    for (const message of decodeServerFrame(frame)) this.#heard(message);
  }

  /** The client has taken what was heard. */
  taken(): void {
    const { ledger, who, docOf } = this.#deps;
    for (const open of this.#documents.values()) {
      if (open.cursor <= open.checkedCursor) continue;
      const doc = docOf(open.name);
      if (doc === undefined) continue;
      ledger.covers(who, open.name, doc, open.checkedCursor, open.cursor);
      open.checkedCursor = open.cursor;
    }
  }

  /** N3: updates that were sent so long ago and not answered. */
  unanswered(forMs: number): string[] {
    const before = this.#deps.clock.monotonic() - forMs;
    return [...this.#documents.values()].flatMap(({ name, sent }) =>
      sent.filter(({ at }) => at <= before).map(({ seq }) => `${name}#${seq}`),
    );
  }

  #said(message: NativeClientMessage): void {
    switch (message.type) {
      case 'hello':
      case 'token':
        this.#offered.push(message.token);
        return;
      case 'open':
        this.#refs.set(message.ref, message.name as DocumentName);
        return;
      case 'close':
        this.#documents.delete(message.document);
        return;
      case 'update':
      case 'offer': {
        const { seq, update } = message;
        const at = this.#deps.clock.monotonic();
        this.#documents.get(message.document)?.sent.push({ seq, update: update.slice(), at });
      }
    }
  }

  #heard(message: NativeServerMessage): void {
    switch (message.type) {
      case 'welcome':
      case 'authenticated':
        return this.#believed();
      case 'token-wanted':
        this.#offered.shift();
        return;
      case 'opened':
        return this.#opened(message);
      case 'update':
        return this.#updated(message);
      case 'ack':
        this.#acknowledged(message.document, message.seq);
        return this.#moved(message.document, message.cursor);
      case 'synced':
        return this.#moved(message.document, message.cursor);
      case 'refused':
        this.#refused(message.document, message.seq);
        return;
      case 'closed':
        this.#documents.delete(message.document);
    }
  }

  #believed(): void {
    this.#ticket = this.#deps.people.ticket(this.#offered.shift() ?? '');
    this.#ticketSince = this.#deps.clock.monotonic();
  }

  #opened({ ref, document, writer }: Extract<NativeServerMessage, { type: 'opened' }>): void {
    const name = this.#refs.get(ref);
    if (name === undefined) return;
    this.#documents.set(document, { name, writer, sent: [], lastSeq: 0, cursor: 0, checkedCursor: 0 });
    this.#checkMayRead(name);
  }

  #updated({ document, update, acks, cursor }: Extract<NativeServerMessage, { type: 'update' }>): void {
    const open = this.#documents.get(document);
    if (open === undefined) return;
    if (update.length > 2) this.#checkMayRead(open.name);
    for (const { writer, seq } of acks) if (writer === open.writer) this.#acknowledged(document, seq);
    this.#moved(document, cursor);
  }

  #acknowledged(document: number, upTo: number): void {
    const open = this.#documents.get(document);
    if (open === undefined) return;
    const { ledger, who } = this.#deps;
    for (const { seq, update } of open.sent)
      if (seq <= upTo) ledger.acknowledged(who, open.name, update, seq);
    open.sent = open.sent.filter(({ seq }) => seq > upTo);
  }

  #refused(document: number, refused: number): void {
    const open = this.#documents.get(document);
    if (open !== undefined) open.sent = open.sent.filter(({ seq }) => seq !== refused);
  }

  #moved(document: number, cursor: number): void {
    const open = this.#documents.get(document);
    if (open === undefined || cursor === 0) return;
    this.#deps.ledger.cursor(this.#deps.who, open.name, cursor);
    open.cursor = Math.max(open.cursor, cursor);
  }

  /** A2: nobody is told of a document that the newest token does not allow, or after that token's time. */
  #checkMayRead(name: DocumentName): void {
    const { clock, timeline, who, delayMs } = this.#deps;
    if (this.#ticket === undefined) return timeline.violate('A1', `${who} reads ${name} without a token`);
    const { rights, exp, token } = this.#ticket;
    const late = withinMs + delayMs();
    const isAllowed = (rights.get(name) ?? 'none') !== 'none';
    if (!isAllowed && clock.monotonic() - this.#ticketSince > late)
      timeline.violate('A2', `${who} reads ${name}, which ${token} does not allow`);
    if (exp !== undefined && clock.now() > exp * 1000 + late)
      timeline.violate('A2', `${who} reads ${name} after ${token} has expired`);
  }
}
