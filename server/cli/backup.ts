// `heddle backup` and `heddle restore`: the whole store as one file, and back.

import { systemClock } from '../../shared/clock.js';
import { restoreArchive, streamArchive, writeArchive, type ArchiveReport } from '../store/archive.js';
import type { LevelStore } from '../store/level-store.js';
import { checkTarget, forceOption, shownTarget } from './files.js';
import type { Output } from './output.js';
import { withStoreToRead, type StoreCommand } from './store-options.js';

export const backupCommand: StoreCommand = {
  usage: 'heddle backup <file> [--data <directory>] [--force]',
  positionals: ['<file>'],
  options: [forceOption],
  run: async ({ positionals: [file = ''], options, directory, output, errors }) => {
    await checkTarget(file, options);
    const { problems, documents } = await withStoreToRead(directory, (store) => write(store, file, output));
    // What is printed must not stand in the backup.
    const report = file === '-' ? errors : output;
    for (const problem of problems) await report.line(JSON.stringify(problem));
    await report.line(`${documents} documents written to ${shownTarget(file)}, ${problems.length} left out`);
    return problems.length === 0 ? 0 : 1;
  },
};

function write(store: LevelStore, file: string, output: Output): Promise<ArchiveReport> {
  if (file !== '-') return writeArchive(store, file);
  return streamArchive(store, { write: (bytes) => output.writeAll(bytes), end: () => output.drained() });
}

export const restoreCommand: StoreCommand = {
  usage: 'heddle restore <file> [--data <directory>]',
  positionals: ['<file>'],
  options: [],
  run: async ({ positionals: [file = ''], directory, input, output }) => {
    const source = file === '-' ? { name: 'from standard input', bytes: input } : file;
    const { documents } = await restoreArchive(source, directory, systemClock);
    await output.line(`${documents} documents restored to ${directory}`);
    return 0;
  },
};
