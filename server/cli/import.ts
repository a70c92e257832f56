// `heddle import`: merges a Yjs update into one document, by the same rules as an update from a client.

import { resolve } from 'node:path';
import { toSyncError } from '../../shared/errors.js';
import { defaultLimits } from '../../shared/limits.js';
import { shownFile } from '../config/resolve-options.js';
import { ConfigError } from '../errors.js';
import { CausalIndex } from '../crdt/causal-index.js';
import { holdsStore } from '../store/data-directory.js';
import { readSource } from './files.js';
import { readDocument, readName, withStore, type StoreCommand } from './store-options.js';
import { appendUpdates, takeUpdates } from './take-updates.js';

export const importCommand: StoreCommand = {
  usage: 'heddle import <document> <file> [--data <directory>]',
  positionals: ['<document>', '<file>'],
  options: [],
  run: async ({ positionals: [name = '', file = ''], directory, input, output }) => {
    const document = readName(name);
    const bytes = await readSource(file, input);
    const isNew = !(await holdsStore(resolve(directory)));
    // Nothing is made for what cannot be taken.
    if (isNew && take(new CausalIndex(defaultLimits), bytes, file) === undefined) {
      await output.line('nothing new');
      return 0;
    }
    const report = await withStore(
      directory,
      async (store) => {
        const { log, index } = await readDocument(store, document);
        const update = take(index, bytes, file);
        if (update === undefined) return 'nothing new';
        const offset = await appendUpdates(store, document, log.head, [update]);
        return `${update.length} bytes imported as offset ${offset}`;
      },
      { createIfMissing: true },
    );
    await output.line(isNew ? `${report} of a new store in ${directory}` : report);
    return 0;
  },
};

/** What the update adds; undefined for nothing. */
function take(index: CausalIndex, bytes: Uint8Array, file: string): Uint8Array | undefined {
  try {
    const { updates, incomplete } = takeUpdates(index, [bytes]);
    if (incomplete > 0)
      throw new ConfigError(`${shownFile(file)} depends on updates that are not in it nor in the document`);
    return updates[0];
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${shownFile(file)} is not a Yjs update: ${toSyncError(error).reason}`, {
      cause: error,
    });
  }
}
