// `heddle export`: one document as a Yjs update.

import { writeFile } from 'node:fs/promises';
import { defaultLimits } from '../../shared/limits.js';
import { ConfigError } from '../errors.js';
import { readDocument, readName, withStore, type StoreCommand } from './store-options.js';
import { mergeDocument } from '../worker/merge-document.js';

export const exportCommand: StoreCommand = {
  usage: 'heddle export <document> <file> [--data <directory>] [--no-gc]',
  positionals: ['<document>', '<file>'],
  options: [
    {
      group: 'Documents',
      flag: 'gc',
      env: ['GC'],
      type: 'boolean',
      default: true,
      description: 'Leave out deleted content; --no-gc keeps it',
    },
  ],
  run: ({ positionals: [name = '', file = ''], options, directory }) =>
    withStore(directory, async (store) => {
      const document = readName(name);
      const { log, isNew } = await readDocument(store, document);
      if (isNew) throw new ConfigError(`there is no document ${JSON.stringify(document)}`);
      const gc = options.boolean('gc') ?? true;
      const { update } = mergeDocument({ updates: log.all(), gc, partBytes: defaultLimits.syncPartBytes });
      await writeFile(file, update).catch((cause: NodeJS.ErrnoException) => {
        throw new ConfigError(`${file} cannot be written: ${cause.code ?? cause.message}`, { cause });
      });
      return { output: `${update.length} bytes written to ${file}`, exitCode: 0 };
    }),
};
