// A commit queue over a store that a test controls, and logs that take note of what the queue tells them.

import { CommitQueue, type CommitSource } from '../../server/room/commit-queue.js';
import { StoreSilence } from '../../server/room/store-silence.js';
import type { LogRecord } from '../../server/store/store.js';
import { parseDocumentName } from '../../shared/document-name.js';
import type { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { ControlledStore } from './controlled-store.js';
import { createFakeClock } from './fake-clock.js';

export const maxAwayMs = 30_000;

export class CommitWatch {
  readonly clock = createFakeClock();
  readonly store = new ControlledStore();
  /** What the queue was broken by. */
  readonly failures: unknown[] = [];
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly #logger: Logger = {
    debug() {},
    info() {},
    error: (_fields, message) => void this.errors.push(message),
    warn: (_fields, message) => void this.warnings.push(message),
  };
  readonly silence = new StoreSilence(this.clock, this.#logger);
  readonly queue = new CommitQueue({
    store: this.store,
    silence: this.silence,
    clock: this.clock,
    logger: this.#logger,
    intervalMs: 10,
    maxBytes: 1_000,
    maxAwayMs,
    onFailure: (error) => this.failures.push(error),
  });

  /** The log of a new document. */
  log(name: string): WatchedLog {
    return new WatchedLog(this, name);
  }
}

export class WatchedLog implements CommitSource {
  readonly document;
  readonly epoch = 'epoch';
  /** The offsets that the log was told to be durable. */
  readonly commits: number[] = [];
  readonly ends: SyncError[] = [];
  /** Called in `durable`. */
  hook: () => void = () => {};
  readonly #watch: CommitWatch;
  #offset = 0;
  #uncommitted: LogRecord[] = [];

  constructor(watch: CommitWatch, name: string) {
    this.#watch = watch;
    this.document = parseDocumentName(name);
  }

  add(bytes = 1): void {
    const { clock, queue } = this.#watch;
    const update = new Uint8Array(bytes);
    this.#uncommitted.push({ offset: ++this.#offset, time: clock.now(), author: '', update });
    queue.add(this, bytes);
  }

  takeUncommitted(): LogRecord[] {
    return this.#uncommitted.splice(0);
  }

  durable(offset: number): void {
    this.hook();
    this.commits.push(offset);
  }

  end(error: SyncError): void {
    this.ends.push(error);
    this.#watch.queue.remove(this);
  }
}
