// Keeps rooms' claims on client ids in the store, so that they outlive the room's memory and the server's run (C6). Owns which
// rooms have claims that are not kept yet, and whether the run before this one came to its end.
//
// Claims are given to the store just before the records that they came with, and the store writes in that order (S19): a
// server that is killed has no content without its owner. Only where a document has very many claims are those of several
// seconds written together. What that can cost is written down in ARCHITECTURE.md.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { ownRunsPrefix, type DocumentStore } from '../store/store.js';
import type { ClientIdOwners } from './client-id-owners.js';
import { decodeOwnerTable, encodeOwnerTable, type OwnerTable } from './owner-table.js';

/** A room, as far as it is needed here. */
export interface Owned {
  readonly document: DocumentName;
  readonly epoch: string;
  readonly owners: ClientIdOwners;
}

/** What is known of a document's owners when it is loaded. */
export type Restored = Pick<OwnerTable, 'ids' | 'isWhole'>;

/** Claims that did not come with a record are written this late, and so are the claims of a document with very many. */
const saveAfterMs = 5_000;
/**
 * Up to so many claims a document's table is written with each new claim: each write brings an id that is new, so all of
 * them together are a few megabytes. A larger table is written once in `saveAfterMs`.
 */
const manyClaims = 1_000;
/** At most so many documents in a second: each is a write of its own, and a restart brings all of them at once. */
const maxSavesPerSweep = 200;
/** Two numbers: how many runs of the server were killed, and 1 while one goes on. */
const runKey = `${ownRunsPrefix}owners`;
const keyOf = (document: DocumentName): string => `owners/${document}`;

export class OwnerKeeper {
  readonly #store: DocumentStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Rooms with claims that are not kept yet, with the monotonic time at which they are to be. */
  readonly #unsaved = new Map<Owned, number>();
  readonly #saving = new Map<Owned, Promise<void>>();
  /** The monotonic time at which a room's claims were last given to the store. */
  readonly #savedAt = new WeakMap<Owned, number>();
  /** Documents whose room has ended in this run, with what others had heard. */
  readonly #ended = new Set<DocumentName>();
  readonly #endedRooms = new WeakSet<Owned>();
  /** There was a run before this one on this directory, and it came to its end. */
  #followsWholeRun = false;
  /** How many runs were killed before this one: each may have left with others what the store does not have. */
  #kills: Promise<number> | undefined;
  /** The same, once it is known. */
  #knownKills: number | undefined;

  constructor(deps: { store: DocumentStore; clock: Clock; logger: Logger }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#logger = deps.logger;
  }

  /**
   * The claims that are kept of a document. They are lenient after a run that was killed, or a room that ended: what others
   * heard of an owner's edits may be lost here, and with the owner's page.
   *
   * A document is whole as long as neither has happened since it began, and if it began in a run that follows one which came
   * to its end: in another run its name may be older than its bytes, which a backup, another server or a killed run had.
   * Rejects with SyncError STORE_UNAVAILABLE.
   */
  async load(document: DocumentName, epoch: string, isNew: boolean): Promise<Restored> {
    const table = await this.#read(document);
    const hasLost = this.#ended.has(document);
    if (table === 'none') return { ids: [], isWhole: isNew && this.#followsWholeRun && !hasLost };
    if (table === undefined || table.epoch !== epoch) return { ids: [], isWhole: false };
    if (table.kills === (await this.#killCount()) && !hasLost) return table;
    return { ids: table.ids.map((id) => ({ ...id, isLenient: true })), isWhole: false };
  }

  /** The room has claims that are not kept yet. */
  changed(room: Owned): void {
    if (!this.#unsaved.has(room)) this.#unsaved.set(room, this.#clock.monotonic() + saveAfterMs);
  }

  /**
   * The room's records are about to be given to the store, in the same turn: the claims that are not kept yet go first, so
   * that no record is stored whose owner is not (S19).
   */
  committing(room: Owned): void {
    if (!this.#unsaved.has(room)) return;
    const savedAt = this.#savedAt.get(room) ?? Number.NEGATIVE_INFINITY;
    const isDue = this.#clock.monotonic() >= savedAt + saveAfterMs;
    if (isDue || room.owners.size <= manyClaims) this.#save(room);
  }

  /**
   * The room has ended without having stored all that others have heard. If somebody may have heard anything, the next run is
   * to know that too.
   */
  ended(room: Owned, wasHeard: boolean): void {
    this.#ended.add(room.document);
    this.#endedRooms.add(room);
    if (wasHeard || this.#unsaved.has(room)) this.#save(room);
  }

  /** The document was deleted, its room has ended: nothing of its claims is kept. Rejects with StoreError. */
  async deleted(document: DocumentName): Promise<void> {
    for (const room of this.#unsaved.keys()) if (room.document === document) this.#unsaved.delete(room);
    for (const [room, work] of this.#saving) if (room.document === document) await work;
    await this.#store.setState(keyOf(document), undefined);
  }

  /** Whether the room may leave memory. */
  isSaved(room: Owned): boolean {
    return !this.#unsaved.has(room) && !this.#saving.has(room);
  }

  /** Writes what has waited long enough. */
  sweep(): void {
    const now = this.#clock.monotonic();
    let left = maxSavesPerSweep;
    for (const [room, at] of this.#unsaved) {
      if (at > now || left === 0) break;
      if (this.#saving.has(room)) continue;
      this.#save(room);
      left--;
    }
  }

  /**
   * Writes the rest, and that this run has come to its end. To be called when all that anybody has heard is in the store, and
   * only then.
   */
  async close(): Promise<void> {
    await Promise.all(this.#saving.values());
    for (const room of this.#unsaved.keys()) this.#save(room);
    await Promise.all(this.#saving.values());
    if (this.#kills === undefined) return;
    try {
      await this.#store.setState(runKey, runBytes(await this.#killCount(), false));
    } catch (error) {
      this.#logger.warn({ err: error }, 'the end of this run could not be noted');
    }
  }

  /** What is kept of a document; undefined for what cannot be read. Rejects with SyncError STORE_UNAVAILABLE. */
  async #read(document: DocumentName): Promise<OwnerTable | 'none' | undefined> {
    let bytes: Uint8Array | undefined;
    try {
      await this.#killCount();
      await this.#saveEnded(document);
      for (const [room, work] of this.#saving) if (room.document === document) await work;
      bytes = await this.#store.getState(keyOf(document));
    } catch (error) {
      throw new SyncError('STORE_UNAVAILABLE', '', { cause: error });
    }
    try {
      return bytes === undefined ? 'none' : decodeOwnerTable(bytes);
    } catch (error) {
      // The document is whole without it.
      this.#logger.error({ document, err: error }, 'the owners of client ids could not be read');
      return undefined;
    }
  }

  /** A room that has ended is written before its document is loaded again: written later it would hide what came since. */
  async #saveEnded(document: DocumentName): Promise<void> {
    if (!this.#ended.has(document)) return;
    for (const room of this.#unsaved.keys())
      if (room.document === document && this.#endedRooms.has(room)) {
        this.#save(room);
        await this.#saving.get(room);
        if (this.#unsaved.has(room)) throw new Error(`the owners of ${document} could not be kept`);
      }
  }

  #killCount(): Promise<number> {
    this.#kills ??= this.#begin().catch((error: unknown) => {
      this.#kills = undefined;
      throw error;
    });
    return this.#kills;
  }

  /** Before anything is served in this run. */
  async #begin(): Promise<number> {
    const bytes = await this.#store.getState(runKey);
    const decoder = decoding.createDecoder(bytes ?? runBytes(0, false));
    const before = decoding.readVarUint(decoder);
    const killed = decoding.readVarUint(decoder);
    const kills = before + killed;
    this.#followsWholeRun = bytes !== undefined && killed === 0;
    await this.#store.setState(runKey, runBytes(kills, true));
    this.#knownKills = kills;
    return kills;
  }

  /** What cannot be written is tried again. */
  #save(room: Owned): void {
    this.#unsaved.delete(room);
    this.#savedAt.set(room, this.#clock.monotonic());
    const { document } = room;
    const work = this.#write(room)
      .catch((error: unknown) => {
        this.changed(room);
        this.#logger.warn({ document, err: error }, 'the owners of client ids could not be kept');
      })
      .finally(() => {
        if (this.#saving.get(room) === work) this.#saving.delete(room);
      });
    this.#saving.set(room, work);
  }

  /** The store is called in this turn, as soon as a document has been loaded. */
  async #write(room: Owned): Promise<void> {
    const { document, epoch, owners } = room;
    const kills = this.#knownKills ?? (await this.#killCount());
    const hasEnded = this.#endedRooms.has(room);
    const ids = hasEnded ? owners.kept().map((id) => ({ ...id, isLenient: true })) : owners.kept();
    const isWhole = owners.isWhole && !hasEnded;
    await this.#store.setState(keyOf(document), encodeOwnerTable({ epoch, kills, isWhole, ids }));
  }
}

function runBytes(kills: number, isGoingOn: boolean): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, kills);
  encoding.writeVarUint(encoder, isGoingOn ? 1 : 0);
  return encoding.toUint8Array(encoder);
}
