// `heddle compact`: makes checkpoints of documents and keeps nothing of the log before them, so that they load faster and
// take less space, and what was deleted is gone from the store.

import { systemClock } from '../../shared/clock.js';
import { defaultLimits } from '../../shared/limits.js';
import type { DocumentName } from '../../shared/document-name.js';
import { StoreError } from '../errors.js';
import { sumBytes } from '../room/document-log.js';
import type { LevelStore } from '../store/level-store.js';
import {
  allDocuments,
  readDocument,
  readName,
  readStoredDocument,
  withStore,
  type StoreCommand,
} from './store-options.js';
import { mergeDocument } from '../worker/merge-document.js';

export const compactCommand: StoreCommand = {
  usage: 'heddle compact [<document>] [--data <directory>] [--no-gc]',
  positionals: ['[<document>]'],
  options: [
    {
      group: 'Documents',
      flag: 'gc',
      env: ['GC'],
      type: 'boolean',
      default: true,
      description: 'Drop deleted content; --no-gc keeps it, for histories and snapshots',
    },
  ],
  run: ({ positionals, options, directory, output }) =>
    withStore(directory, async (store) => {
      const gc = options.boolean('gc') ?? true;
      const [only] = positionals;
      if (only !== undefined) await readStoredDocument(store, readName(only));
      const documents = only === undefined ? allDocuments(store) : [readName(only)];
      let count = 0;
      let before = 0;
      let after = 0;
      for await (const document of documents) {
        const { log } = await readDocument(store, document);
        const keptBytes = await bytesKept(store, document);
        if (log.tailLength === 0 && keptBytes === 0) continue;
        const { update } = mergeDocument({
          updates: log.upTo(log.head),
          gc,
          partBytes: defaultLimits.syncPartBytes,
        });
        await store.replace(document, { offset: log.head, time: systemClock.now(), update });
        count++;
        before += log.bytes + keptBytes;
        after += update.length;
      }
      await output.line(`${count} documents compacted: ${before} bytes before, ${after} after`);
      return 0;
    }),
};

/** Of the log before the checkpoint. What cannot be read counts, so that it goes too. */
async function bytesKept(store: LevelStore, document: DocumentName): Promise<number> {
  try {
    const kept = await store.loadKept(document, 0);
    return sumBytes(kept.map(({ update }) => update));
  } catch (error) {
    if (error instanceof StoreError && error.code === 'DOCUMENT_CORRUPT') return 1;
    throw error;
  }
}
