// Writers and a fanout that only take note of what a room tells them, and what it takes to make a room.

import * as Y from 'yjs';
import { mergeAccepted } from '../../server/crdt/merge-updates.js';
import { createStoredInspector } from '../../server/crdt/stored-inspector.js';
import type { Edit, Fanout, Receipt, Writer } from '../../server/room/writer.js';
import { CommitQueue } from '../../server/room/commit-queue.js';
import { loadDocument } from '../../server/room/load-document.js';
import { CostlyDocuments } from '../../server/room/costly-documents.js';
import type { DocumentWorker } from '../../server/room/document-worker.js';
import { Room } from '../../server/room/room.js';
import { TrialGate } from '../../server/room/trial-gate.js';
import { StoreSilence } from '../../server/room/store-silence.js';
import type { DocumentStore } from '../../server/store/store.js';
import type { SyncError } from '../../shared/errors.js';
import type { Ack } from '../../shared/native/fields.js';
import { parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { defaultLimits, type Limits } from '../../shared/limits.js';
import { silentLogger, type Logger } from '../../shared/logger.js';
import type { FakeClock } from './fake-clock.js';
import { InProcessWorker } from './in-process-worker.js';

export class WatchedWriter implements Writer {
  readonly sub: string | undefined;
  readonly device: string | undefined;
  readonly connection: object;
  mayWrite: boolean;
  isCommenter: boolean;
  isLive: boolean;
  /** Each call of `acknowledged`. */
  readonly acks: (readonly Receipt[])[] = [];
  /** Each call of `ackOf`. */
  readonly carried: (readonly number[])[] = [];
  /** Each call of `ended`. */
  readonly ends: SyncError[] = [];

  constructor({
    sub,
    device,
    connection = {},
    mayWrite = true,
    isCommenter = false,
    isLive = true,
  }: Partial<Writer> = {}) {
    this.sub = sub;
    this.device = device;
    this.mayWrite = mayWrite;
    this.isCommenter = isCommenter;
    this.connection = connection;
    this.isLive = isLive;
  }

  acknowledged(receipts: readonly Receipt[]): void {
    this.acks.push(receipts);
  }

  ackOf(seqs: readonly number[]): Ack {
    this.carried.push(seqs);
    return { writer: 1, seq: seqs.at(-1) ?? 0 };
  }

  ended(error: SyncError): void {
    this.ends.push(error);
  }

  get acked(): Receipt[] {
    return this.acks.flat();
  }
}

export interface Fanned {
  readonly update: Uint8Array;
  /** Of edits, who does not get its own; undefined for a joined frame, which everybody gets. */
  readonly authors: readonly Writer[] | undefined;
}

export class WatchedFanout implements Fanout {
  readerCount = 10;
  maxLiveBytes = 1_000_000;
  readonly updates: Fanned[] = [];
  /** What went with each of the updates. */
  readonly cursors: number[] = [];
  readonly acks: (readonly Ack[])[] = [];
  readonly awarenesses: Uint8Array[] = [];

  edits(edits: readonly Edit[], cursor: number): void {
    const update = mergeAccepted(edits.map((edit) => edit.update));
    this.updates.push({ update, authors: [...new Set(edits.map(({ writer }) => writer))] });
    this.cursors.push(cursor);
    this.acks.push([]);
  }

  joined(update: Uint8Array, cursor: number, acks: readonly Ack[]): void {
    this.updates.push({ update, authors: undefined });
    this.cursors.push(cursor);
    this.acks.push(acks);
  }

  awareness(update: Uint8Array): void {
    this.awarenesses.push(update);
  }
}

export interface WatchedRoom {
  readonly room: Room<WatchedFanout>;
  readonly fanout: WatchedFanout;
  readonly commits: CommitQueue;
  readonly changed: DocumentName[];
  /** Why the room has ended, with the members it had. */
  readonly ends: { readonly members: readonly Writer[]; readonly error: SyncError }[];
  readonly gate: TrialGate;
  readonly costs: CostlyDocuments;
}

export interface RoomOptions {
  readonly limits?: Partial<Limits>;
  readonly worker?: DocumentWorker;
  readonly logger?: Logger;
  readonly name?: string;
  readonly isBusy?: () => boolean;
}

/** A room as the registry makes it, without a registry. */
export async function openRoom(
  store: DocumentStore,
  clock: FakeClock,
  {
    limits,
    worker = new InProcessWorker(),
    logger = silentLogger,
    name = 'doc',
    isBusy = () => false,
  }: RoomOptions = {},
): Promise<WatchedRoom> {
  const all = { ...defaultLimits, ...limits };
  const document = parseDocumentName(name);
  const { epoch, log, index } = await loadDocument(store, document, all);
  const fanout = new WatchedFanout();
  const changed: DocumentName[] = [];
  const ends: { members: readonly Writer[]; error: SyncError }[] = [];
  const commits = new CommitQueue({
    store,
    silence: new StoreSilence(clock, silentLogger),
    clock,
    logger: silentLogger,
    intervalMs: 10,
    maxBytes: all.maxUncommittedBytes,
    maxAwayMs: all.maxStoreAwayMs,
    onFailure: () => {},
  });
  const gate = new TrialGate(all);
  const costs = new CostlyDocuments(logger);
  const room = new Room(
    document,
    epoch,
    { log, index, fanout },
    {
      clock,
      limits: all,
      commits,
      checkIntake: () => commits.checkCapacity(),
      admission: { worker, gate, costs, logger },
      changed: (which) => changed.push(which),
      touched: () => {},
      ended: (_room, members, error) => void ends.push({ members, error }),
      isBusy,
      inspector: createStoredInspector(),
      claimed: () => {},
      committing: () => {},
      loadKept: (which, after) => store.loadKept(which, after),
    },
  );
  return { room, fanout, commits, changed, ends, gate, costs };
}

/** A Y.Doc of this client id and the updates that its edits make. */
export function editor(clientId: number): { doc: Y.Doc; edit(text: string): Uint8Array } {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  return {
    doc,
    edit(text) {
      let made: Uint8Array | undefined;
      doc.once('update', (update: Uint8Array) => {
        made = update;
      });
      doc.getText('text').insert(doc.getText('text').length, text);
      if (made === undefined) throw new Error('the edit changed nothing');
      return made;
    },
  };
}

/** The text of a document made of these updates; throws when something is left pending. */
export function textOf(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) throw new Error('pending');
  return doc.getText('text').toString();
}
