// `heddle import`: merges a Yjs update into one document, by the same rules as an update from a client.

import { readFile } from 'node:fs/promises';
import { systemClock } from '../../shared/clock.js';
import { toSyncError } from '../../shared/errors.js';
import { ConfigError } from '../errors.js';
import type { CausalIndex } from '../crdt/causal-index.js';
import { readDocument, readName, withStore, type StoreCommand } from './store-options.js';

export const importCommand: StoreCommand = {
  usage: 'heddle import <document> <file> [--data <directory>]',
  positionals: ['<document>', '<file>'],
  options: [],
  run: async ({ positionals: [name = '', file = ''], directory }) => {
    const document = readName(name);
    const bytes = await readUpdate(file);
    return withStore(directory, async (store) => {
      const { log, index } = await readDocument(store, document);
      const update = judge(index, bytes, file);
      if (update === undefined) return { output: 'nothing new', exitCode: 0 };
      const record = { offset: log.head + 1, time: systemClock.now(), author: '', update };
      const [outcome] = await store.append([{ document, records: [record] }]);
      if (outcome?.kind === 'failed') throw outcome.error;
      return { output: `${update.length} bytes imported as offset ${record.offset}`, exitCode: 0 };
    });
  },
};

async function readUpdate(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, { cause });
  }
}

/** What the update adds; undefined for nothing. */
function judge(index: CausalIndex, bytes: Uint8Array, file: string): Uint8Array | undefined {
  try {
    const { outcome, update, isIncomplete } = index.judge(bytes);
    if (isIncomplete)
      throw new ConfigError(`${file} depends on updates that are not in it nor in the document`);
    return outcome === 'new' ? update : undefined;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${file} is not a Yjs update: ${toSyncError(error).reason}`, { cause: error });
  }
}
