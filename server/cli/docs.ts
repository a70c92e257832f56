// `heddle docs`: which documents a store holds.

import { withStore, type StoreCommand } from './store-options.js';

export const docsCommand: StoreCommand = {
  usage: 'heddle docs [<prefix>] [--data <directory>] [--json]',
  positionals: ['[<prefix>]'],
  options: [
    { group: 'Output', flag: 'json', env: [], type: 'boolean', description: 'One JSON object per line' },
  ],
  run: ({ positionals, options, directory }) =>
    withStore(directory, async (store) => {
      const lines: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await store.list({
          prefix: positionals[0] ?? '',
          limit: 1_000,
          ...(after === undefined ? {} : { after }),
        });
        for (const summary of page) {
          const { document, bytes, records, lastOffset, changedAt } = summary;
          const changed = new Date(changedAt).toISOString();
          if (options.boolean('json') === true)
            lines.push(JSON.stringify({ ...summary, changedAt: changed }));
          else
            lines.push(`${document}\t${bytes} bytes\t${records} records\toffset ${lastOffset}\t${changed}`);
        }
        after = page.at(-1)?.document;
        if (after === undefined) return { output: lines.join('\n'), exitCode: 0 };
      }
    }),
};
