// `heddle verify`: whether everything stored is as it was written, and every document loads.

import { buildDocument } from '../worker/build-document.js';
import { allDocuments, readDocument, withStoreToRead, type StoreCommand } from './store-options.js';

export const verifyCommand: StoreCommand = {
  usage: 'heddle verify [--data <directory>]',
  positionals: [],
  options: [],
  run: ({ directory, output }) =>
    withStoreToRead(directory, async (store) => {
      let problems = 0;
      const report = async (text: string): Promise<void> => {
        problems++;
        await output.line(text);
      };
      for await (const problem of store.verify()) await report(JSON.stringify(problem));
      let documents = 0;
      for await (const document of allDocuments(store)) {
        documents++;
        try {
          const { log } = await readDocument(store, document);
          buildDocument(log.all(), true).destroy();
        } catch (error) {
          await report(
            `${JSON.stringify(document)}: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
      await output.line(`${documents} documents, ${problems} problems`);
      return problems === 0 ? 0 : 1;
    }),
};
