// `heddle export`: one document as a Yjs update.

import { defaultLimits } from '../../shared/limits.js';
import { checkTarget, forceOption, shownTarget, writeTarget } from './files.js';
import { readName, readStoredDocument, withStoreToRead, type StoreCommand } from './store-options.js';
import { mergeDocument } from '../worker/merge-document.js';

export const exportCommand: StoreCommand = {
  usage: 'heddle export <document> <file> [--data <directory>] [--no-gc] [--force]',
  positionals: ['<document>', '<file>'],
  options: [
    forceOption,
    {
      group: 'Documents',
      flag: 'gc',
      env: ['GC'],
      type: 'boolean',
      default: true,
      description: 'Leave out deleted content; --no-gc keeps it',
    },
  ],
  run: async ({ positionals: [name = '', file = ''], options, directory, output, errors }) => {
    const document = readName(name);
    await checkTarget(file, options);
    const gc = options.boolean('gc') ?? true;
    const update = await withStoreToRead(directory, async (store) => {
      const { log } = await readStoredDocument(store, document);
      return mergeDocument({ updates: log.all(), gc, partBytes: defaultLimits.syncPartBytes }).update;
    });
    await writeTarget(file, update, output);
    // What is printed must not stand in the update.
    await (file === '-' ? errors : output).line(`${update.length} bytes written to ${shownTarget(file)}`);
    return 0;
  },
};
