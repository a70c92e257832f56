// `heddle compact`: makes checkpoints of documents, so that they load faster and take less space.

import { systemClock } from '../../shared/clock.js';
import { defaultLimits } from '../../shared/limits.js';
import { mergeDocument } from '../room/merge-document.js';
import { allDocuments, readDocument, readName, withStore, type StoreCommand } from './store-options.js';

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
  run: ({ positionals, options, directory }) =>
    withStore(directory, async (store) => {
      const gc = options.boolean('gc') ?? true;
      const [only] = positionals;
      const documents = only === undefined ? allDocuments(store) : [readName(only)];
      let count = 0;
      let before = 0;
      let after = 0;
      for await (const document of documents) {
        const { log } = await readDocument(store, document);
        if (log.tailLength === 0) continue;
        const { update } = mergeDocument({
          updates: log.upTo(log.head),
          gc,
          partBytes: defaultLimits.syncPartBytes,
        });
        await store.replace(document, { offset: log.head, time: systemClock.now(), update });
        count++;
        before += log.bytes;
        after += update.length;
      }
      return { output: `${count} documents compacted: ${before} bytes before, ${after} after`, exitCode: 0 };
    }),
};
