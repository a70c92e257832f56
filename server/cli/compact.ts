// `heddle compact`: makes checkpoints of documents and keeps nothing of the log before them, so that they load faster and
// take less space, and what was deleted is gone from the store.

import { PassThrough } from 'node:stream';
import { systemClock } from '../../shared/clock.js';
import { defaultLimits } from '../../shared/limits.js';
import type { DocumentName } from '../../shared/document-name.js';
import { ConfigError, StoreError } from '../errors.js';
import { sumBytes } from '../room/document-log.js';
import { sinkInto } from '../server-backup.js';
import { restoreArchive, streamArchive } from '../store/archive.js';
import type { LevelStore } from '../store/level-store.js';
import { openShadow } from '../store/shadow-store.js';
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
  usage: 'heddle compact [<document>] [--data <directory>] [--into <directory>] [--no-gc]',
  positionals: ['[<document>]'],
  options: [
    {
      group: 'Store',
      flag: 'into',
      env: [],
      type: 'string',
      placeholder: 'directory',
      description:
        'Make the compacted store there, on another disk for example, and leave this one as it is; for a disk that is full',
    },
    {
      group: 'Documents',
      flag: 'gc',
      env: ['GC'],
      type: 'boolean',
      default: true,
      description: 'Drop deleted content; --no-gc keeps it, for histories and snapshots',
    },
  ],
  run: async ({ positionals: [only], options, directory, output }) => {
    const gc = options.boolean('gc') ?? true;
    const into = options.text('into');
    if (into !== undefined && only !== undefined)
      throw new ConfigError('--into takes the whole store: name no document');
    const report =
      into === undefined
        ? await withStore(directory, (store) => compact(store, only, gc)).catch(withAdvice)
        : await compactInto(directory, into, gc);
    await output.line(report);
    return 0;
  },
};

/** To compact is to write first, and to remove then. */
function withAdvice(error: unknown): never {
  if (!(error instanceof StoreError) || error.code !== 'STORE_FULL') throw error;
  const advice = 'or make a compacted store on another disk with --into <directory>';
  throw new StoreError('STORE_FULL', `${error.message}, ${advice}`, { cause: error });
}

async function compactInto(directory: string, into: string, gc: boolean): Promise<string> {
  const shadow = await openShadow(directory, systemClock);
  const { store } = shadow;
  try {
    const report = await compact(store, undefined, gc);
    const pipe = new PassThrough();
    const source = { name: 'of the compacted store', bytes: pipe };
    const [{ problems }] = await Promise.all([
      streamArchive(store, sinkInto(pipe)),
      restoreArchive(source, into, systemClock),
    ]);
    if (problems.length > 0)
      throw new StoreError('STORE_CORRUPT', `${problems.length} documents are damaged: see heddle verify`);
    return `${report}, in ${into}`;
  } finally {
    await shadow.close();
  }
}

async function compact(store: LevelStore, only: string | undefined, gc: boolean): Promise<string> {
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
  return `${count} documents compacted: ${before} bytes before, ${after} after`;
}

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
