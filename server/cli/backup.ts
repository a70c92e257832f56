// `heddle backup` and `heddle restore`: the whole store as one file, and back.

import { systemClock } from '../../shared/clock.js';
import { restoreArchive, writeArchive } from '../store/archive.js';
import { withStore, type StoreCommand } from './store-options.js';

export const backupCommand: StoreCommand = {
  usage: 'heddle backup <file> [--data <directory>]',
  positionals: ['<file>'],
  options: [],
  run: ({ positionals: [file = ''], directory }) =>
    withStore(directory, async (store) => {
      const { problems, documents } = await writeArchive(store, file);
      const lines = problems.map((problem) => JSON.stringify(problem));
      return {
        output: [...lines, `${documents} documents written to ${file}, ${problems.length} left out`].join(
          '\n',
        ),
        exitCode: problems.length === 0 ? 0 : 1,
      };
    }),
};

export const restoreCommand: StoreCommand = {
  usage: 'heddle restore <file> [--data <directory>]',
  positionals: ['<file>'],
  options: [],
  run: async ({ positionals: [file = ''], directory }) => {
    const { documents } = await restoreArchive(file, directory, systemClock);
    return { output: `${documents} documents restored to ${directory}`, exitCode: 0 };
  },
};
