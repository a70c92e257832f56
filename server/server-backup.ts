// A backup of a running server: everything in the store as of one moment, as `heddle backup` writes it, into a stream.

import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { ConfigError } from './errors.js';
import { streamArchive, type ArchivedStore, type ArchiveReport } from './store/archive.js';
import type { ArchiveSink } from './store/archive-frames.js';
import type { DocumentStore } from './store/store.js';

export type { ArchiveReport } from './store/archive.js';

/**
 * Writes the backup and ends the stream. Resolves when the stream has taken all of it, at the pace of its reader. Rejects with
 * ConfigError for a store that cannot be read as of one moment, with StoreError, and with what the stream fails with; the stream is
 * destroyed then, and what it has got restores to nothing.
 */
export async function backupTo(store: DocumentStore, stream: Writable): Promise<ArchiveReport> {
  if (!isArchived(store))
    throw new ConfigError('this store has no readAll and cannot be backed up here: use its own means');
  try {
    return await streamArchive(store, sinkInto(stream));
  } catch (error) {
    stream.destroy(error instanceof Error ? error : undefined);
    throw error;
  }
}

function isArchived(store: DocumentStore): store is DocumentStore & ArchivedStore {
  return 'readAll' in store && typeof store.readAll === 'function';
}

/** A backup into a stream, which is ended. */
export function sinkInto(stream: Writable): ArchiveSink {
  // Ends the waiting for a reader that has gone, whose writes may never be answered.
  const end = finished(stream, { readable: false });
  end.catch(() => {}); // told by whoever waits for it
  return {
    async write(bytes) {
      const written = new Promise<void>((resolve, reject) => {
        stream.write(bytes, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(error);
        });
      });
      await Promise.race([written, end.then(() => written)]);
    },
    async end() {
      stream.end();
      await end;
    },
  };
}
