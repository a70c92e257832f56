// The model that judges a simulated run: documents as sets of stored updates, and what was promised about them. Knows
// nothing of the server's inside.

import * as Y from 'yjs';
import type { DocumentName } from '../../shared/document-name.js';
import type { Disk } from './disk.js';
import type { Timeline } from './timeline.js';

export class Ledger {
  readonly #timeline: Timeline;
  readonly #disk: Disk;
  /** Client ids under which nothing may be stored from a clock on: nobody who used them there had the right to. */
  readonly #forbidden = new Map<DocumentName, Map<number, number>>();
  /** Awareness ids that somebody has announced who is not their owner. */
  readonly stolenIds = new Set<number>();
  /** A server was killed. */
  wasKilled = false;
  /** The client id that a Y.Doc began with: it takes another one when it meets its own in use. */
  readonly firstIds = new WeakMap<Y.Doc, number>();
  /** Client ids of which nothing was stored when somebody else who may write was the first to use them. */
  readonly #lostIds = new Map<DocumentName, Set<number>>();

  constructor(timeline: Timeline, disk: Disk) {
    this.#timeline = timeline;
    this.#disk = disk;
  }

  /** What is stored under this client id from this clock on has passed a check that it must not pass. */
  forbid(document: DocumentName, clientId: number, from = 0): void {
    const ids = this.#forbidden.get(document) ?? new Map<number, number>();
    this.#forbidden.set(document, ids);
    if (!ids.has(clientId)) ids.set(clientId, from);
  }

  /** Its user has got the right to after all. */
  allow(document: DocumentName, clientId: number): void {
    this.#forbidden.get(document)?.delete(clientId);
  }

  /**
   * Somebody announces another one's id, or writes under it. Nobody can tell whose an id is before anything was written; nor,
   * once a server was killed, whose it is that has only been offered, by somebody who tells nothing of itself (C6).
   */
  steal(document: DocumentName, clientId: number, of: { mayWrite: boolean; isSilent: boolean }): void {
    this.stolenIds.add(clientId);
    const isKnown = this.#disk.clockOf(document, clientId) > 0 && !(of.isSilent && this.wasKilled);
    if (!of.mayWrite || isKnown) return;
    const ids = this.#lostIds.get(document) ?? new Set();
    this.#lostIds.set(document, ids.add(clientId));
  }

  /** Whether the client id a Y.Doc began with, or has now, may have gone to somebody else by all that the server could know. */
  isLost(document: DocumentName, doc: Y.Doc): boolean {
    const ids = this.#lostIds.get(document);
    return ids !== undefined && (ids.has(doc.clientID) || ids.has(this.firstIds.get(doc) ?? 0));
  }

  /** D1: somebody was told that this update is durable. */
  acknowledged(who: string, document: DocumentName, update: Uint8Array, number?: number): void {
    if (this.#disk.damaged.has(document)) return;
    if (!this.#disk.holds(document, update))
      this.#timeline.violate(
        'D1',
        `${who} was told that ${document}#${number ?? ''} is durable, which it is not`,
      );
  }

  /** D1: a stock client has heard this of the server; its own edits among it are acknowledged by that. */
  echoed(who: string, document: DocumentName, update: Uint8Array, clientId: number): void {
    const clock = Y.parseUpdateMeta(update).to.get(clientId);
    if (clock === undefined || this.#disk.damaged.has(document) || this.stolenIds.has(clientId)) return;
    const stored = this.#disk.clockOf(document, clientId);
    if (clock > stored)
      this.#timeline.violate('D1', `${who} heard itself in ${document} up to ${clock}, stored is ${stored}`);
  }

  /** Whether that is so of anybody who writes in the document. */
  hasLostIds(document: DocumentName): boolean {
    return this.#lostIds.has(document);
  }

  /** N4: somebody was given this cursor. */
  cursor(who: string, document: DocumentName, offset: number): void {
    const last = this.#disk.lastOffset(document);
    if (offset > last)
      this.#timeline.violate('N4', `${who} has the cursor ${offset} of ${document}, stored is ${last}`);
  }

  /** N4: a client that was given a cursor has what the records up to there hold. `from`: checked before. */
  covers(who: string, document: DocumentName, doc: Y.Doc, from: number, offset: number): void {
    for (let at = from + 1; at <= offset; at++) {
      for (const [client, clock] of this.#disk.endsAt(document, at)) {
        const has = Y.getState(doc.store, client);
        if (has >= clock) continue;
        this.#timeline.violate(
          'N4',
          `${who} has the cursor ${offset} of ${document}, but of client ${client} only ${has} of ${clock}`,
        );
        return;
      }
    }
  }

  /** A4: what must not have been written was not. */
  checkForbidden(): void {
    for (const [document, ids] of this.#forbidden) {
      for (const [id, from] of ids) {
        // Somebody else, who may write, may have written under it.
        if (this.stolenIds.has(id)) continue;
        const clock = this.#disk.clockOf(document, id);
        if (clock > from)
          this.#timeline.violate(
            'A4',
            `${document} holds ${clock} of client ${id}, which may write up to ${from}`,
          );
      }
    }
  }
}
