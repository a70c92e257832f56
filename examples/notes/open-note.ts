// One note that is open: its document, its provider, and its entry in the index, which follows what is written here.

import * as Y from 'yjs';
import { HeddleProvider, type HeddleConnection } from '../../client/index.js';
import { plainText, summarise, type NoteSummary } from './note-text.js';

/**
 * 'pause': something was written; told at once the first time, then when the typing pauses. 'end': something was written, and
 * the writing ends. 'late': the writing has ended, and the entry lacks nothing but the time.
 */
export type WritingStage = 'pause' | 'end' | 'late';

interface OpenNoteOptions {
  readonly id: string;
  /** Of the document. */
  readonly name: string;
  readonly connection: HeddleConnection;
  /** Its entry says less than it does, as a window has left it that ended before it could say more. */
  readonly isOwing: boolean;
  /** It is being written here: its entry is behind. */
  readonly writing: () => void;
  /**
   * Its entry is to say this. Undefined where there is nothing of the note on this device. Returns whether the entry says all
   * now: its time may come later.
   */
  readonly written: (summary: NoteSummary | undefined, when: WritingStage) => boolean;
  /** Its status, or whether it can be shown, may be different. */
  readonly changed: (note: OpenNote) => void;
}

/** All that was written is on the server, or on this device, from where it will be brought there. */
export function isSafe({ hasUnsyncedChanges, status }: HeddleProvider): boolean {
  return !hasUnsyncedChanges || status.savedLocally;
}

const pauseMs = 500;
const longestMs = 4_000;
/** The writing has ended when nothing was written for so long. */
const endMs = 15_000;

export class OpenNote {
  readonly id: string;
  readonly doc = new Y.Doc();
  readonly text: Y.XmlFragment = this.doc.getXmlFragment('default');
  readonly provider: HeddleProvider;
  readonly #writing: () => void;
  readonly #written: OpenNoteOptions['written'];
  #isOwing: boolean;
  /** The entry says what the note says, but has not its time. */
  #isLate = false;
  #isClosed = false;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Since when there is something to tell. */
  #since: number | undefined;
  #isListed = false;
  /** All that it says; undefined since it has changed. */
  #plainText: string | undefined;

  constructor({ id, name, connection, isOwing, writing, written, changed }: OpenNoteOptions) {
    this.id = id;
    this.#isOwing = isOwing;
    this.#writing = writing;
    this.#written = written;
    this.provider = new HeddleProvider(connection.url, name, this.doc, { connection });
    this.provider.on('sync-status', () => changed(this));
    this.doc.on('update', (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      this.#plainText = undefined;
      // What comes from elsewhere is told by whoever wrote it.
      if (local) this.#tellSoon();
    });
    if (isOwing) void this.provider.whenLoaded.catch(() => {}).then(() => this.flush());
  }

  /** What it says now can be shown: it is on this device, or the server has said that there is nothing more. */
  get isHere(): boolean {
    return this.provider.status.phase !== 'loading' && (this.text.length > 0 || this.provider.synced);
  }

  /** Its entry says less than it does. */
  get isOwing(): boolean {
    return this.#isOwing;
  }

  get plainText(): string {
    return (this.#plainText ??= plainText(this.text));
  }

  /** Brings the entry up to date now, its time with it. */
  flush(): void {
    this.#tell(true);
  }

  close(): void {
    this.flush();
    this.#isClosed = true;
    clearTimeout(this.#pause);
    this.provider.destroy();
    this.doc.destroy();
  }

  #tellSoon(): void {
    const now = performance.now();
    this.#since ??= now;
    if (!this.#isOwing) this.#writing();
    this.#isOwing = true;
    clearTimeout(this.#pause);
    const delay = this.#isListed ? Math.min(pauseMs, this.#since + longestMs - now) : 0;
    this.#pause = setTimeout(() => this.#tell(false), Math.max(0, delay));
  }

  #tell(isLast: boolean): void {
    const stage = this.#stage(isLast);
    if (stage === undefined || this.#isClosed || this.provider.status.phase === 'loading') return;
    clearTimeout(this.#pause);
    this.#since = undefined;
    this.#isListed = true;
    this.#isOwing = false;
    this.#isLate = !this.#written(this.text.length === 0 ? undefined : summarise(this.text), stage);
    if (this.#isLate) this.#pause = setTimeout(() => this.flush(), endMs);
  }

  #stage(isLast: boolean): WritingStage | undefined {
    if (this.#isOwing) return isLast ? 'end' : 'pause';
    return isLast && this.#isLate ? 'late' : undefined;
  }
}
