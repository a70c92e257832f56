// `heddle docs`: which documents a store holds.

import type { DocumentSummary } from '../store/store.js';
import { documentPages, withStoreToRead, type StoreCommand } from './store-options.js';

export const docsCommand: StoreCommand = {
  usage: 'heddle docs [<prefix>] [--data <directory>] [--json]',
  positionals: ['[<prefix>]'],
  options: [
    { group: 'Output', flag: 'json', env: [], type: 'boolean', description: 'One JSON object per line' },
  ],
  run: ({ positionals: [prefix = ''], options, directory, output }) =>
    withStoreToRead(directory, async (store) => {
      const describe = options.boolean('json') === true ? asJson : asText;
      for await (const page of documentPages(store, prefix)) {
        await output.line(page.map(describe).join('\n'));
        // The list is all that the command is for.
        if (output.isClosed) break;
      }
      return 0;
    }),
};

function asText({ document, bytes, records, lastOffset, changedAt }: DocumentSummary): string {
  return `${document}\t${bytes} bytes\t${records} records\toffset ${lastOffset}\t${isoTime(changedAt)}`;
}

function asJson(summary: DocumentSummary): string {
  return JSON.stringify({ ...summary, changedAt: isoTime(summary.changedAt) });
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
