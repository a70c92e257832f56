// `heddle verify`: whether everything stored is as it was written, and every document loads.

import { buildDocument } from '../worker/build-document.js';
import { allDocuments, readDocument, withStore, type StoreCommand } from './store-options.js';

export const verifyCommand: StoreCommand = {
  usage: 'heddle verify [--data <directory>]',
  positionals: [],
  options: [],
  run: ({ directory }) =>
    withStore(directory, async (store) => {
      const problems: string[] = [];
      for await (const problem of store.verify()) problems.push(describe(problem));
      let documents = 0;
      for await (const document of allDocuments(store)) {
        documents++;
        try {
          const { log } = await readDocument(store, document);
          buildDocument(log.all(), true).destroy();
        } catch (error) {
          problems.push(
            `${JSON.stringify(document)}: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
      const summary = `${documents} documents, ${problems.length} problems`;
      return { output: [...problems, summary].join('\n'), exitCode: problems.length === 0 ? 0 : 1 };
    }),
};

function describe(problem: object): string {
  return JSON.stringify(problem);
}
