// One Y.Doc and everything that keeps it: the server's side of it and its presence. Owns in which order they begin and end;
// has no opinion on what is shown of it.

import { ObservableV2 } from 'lib0/observable';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { Clock } from '../../shared/clock.js';
import type { Access } from '../../shared/permission.js';
import type { Connection } from '../connection/connection.js';
import { DocumentSync, type DocumentPhase, type DocumentReason } from './document-sync.js';
import { Presence } from './presence.js';

export interface KeptDocumentDeps {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly name: string;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: () => number;
}

interface Events {
  /** Something that can be read here is different. */
  changed: () => void;
  phase: (phase: DocumentPhase) => void;
  access: (access: Access) => void;
  unsynced: (count: number) => void;
  refused: (reason: DocumentReason) => void;
}

export class KeptDocument extends ObservableV2<Events> {
  readonly #sync: DocumentSync;
  readonly #presence: Presence;

  constructor({ awareness, ...deps }: KeptDocumentDeps) {
    super();
    this.#sync = new DocumentSync({ ...deps, isEdit: () => true });
    this.#presence = new Presence({ awareness, sync: this.#sync, isNear: () => false });
    this.#sync.on('phase', (phase) => this.#tell('phase', phase));
    this.#sync.on('access', (access) => this.#tell('access', access));
    this.#sync.on('unsynced', (count) => this.#tell('unsynced', count));
    this.#sync.on('refused', (reason) => this.#tell('refused', reason));
  }

  get isLoaded(): boolean {
    return true;
  }

  get isSavedLocally(): boolean {
    return false;
  }

  get phase(): DocumentPhase {
    return this.#sync.phase;
  }

  get access(): Access | undefined {
    return this.#sync.access;
  }

  /** Why it is blocked, or what was refused last. */
  get reason(): DocumentReason | undefined {
    return this.#sync.reason;
  }

  get unsynced(): number {
    return this.#sync.unsynced;
  }

  /** On the server, whenever the connection is open. Idempotent; asks again where that was of no use before. */
  open(): void {
    this.#sync.start();
    this.#sync.retry();
  }

  close(): void {
    this.#sync.stop();
  }

  /** As DocumentSync.synced. */
  synced(): Promise<void> {
    return this.#sync.synced();
  }

  override destroy(): void {
    this.#presence.destroy();
    this.#sync.destroy();
    super.destroy();
  }

  #tell<Name extends 'phase' | 'access' | 'unsynced' | 'refused'>(
    name: Name,
    what: Parameters<Events[Name]>[0],
  ): void {
    this.emit(name, [what] as unknown as Parameters<Events[Name]>);
    this.emit('changed', []);
  }
}
