// A whole store as one portable file, and back. One document in memory at a time. A backup is of one moment; a restore
// ends in a complete store or in none.

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../errors.js';
import type { Clock } from '../../shared/clock.js';
import {
  decodeCounts,
  decodeDocument,
  decodePack,
  decodeState,
  encodeCounts,
  encodeDocument,
  encodePack,
  encodeState,
  frameKind,
} from './archive-codec.js';
import type { ArchiveCounts, DocumentHead } from './archive-codec.js';
import { damagedArchive, FrameWriter, readFrames } from './archive-frames.js';
import type { ArchiveSink, Frame } from './archive-frames.js';
import {
  exists,
  hasFiles,
  levelPath,
  makeDirectory,
  restoringName,
  syncDirectory,
} from './data-directory.js';
import { toStoreError, toTargetError } from './disk-errors.js';
import { holdDirectory } from './holder-file.js';
import { inPacks } from './level-document.js';
import type { DocumentItem, StoreItem, StoreProblem } from './level-reads.js';
import { openLevelStore } from './level-store.js';
import type { LevelStore } from './level-store.js';
import { ownRunsPrefix, type Checkpoint, type LogRecord } from './store.js';

export type { ArchiveCounts } from './archive-codec.js';

/** What came of a backup. Damaged documents cannot be in it: each is named here, and the rest is there. */
export interface ArchiveReport extends ArchiveCounts {
  readonly problems: readonly StoreProblem[];
}

/** A store of which all can be read as of one moment. */
export interface ArchivedStore {
  readAll(): AsyncIterable<StoreItem>;
}

/** A backup that does not come from a file. `name` is what messages call it. */
export interface ArchiveStream {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Writes everything in the store as of now into a file, which appears when it is complete. Throws StoreError. */
export async function writeArchive(store: ArchivedStore, file: string): Promise<ArchiveReport> {
  const path = resolve(file);
  const draft = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    const report = await writeDraft(store, draft);
    await rename(draft, path);
    await syncDirectory(dirname(path));
    return report;
  } catch (error) {
    await rm(draft, { force: true });
    throw toTargetError(error, path);
  }
}

/** Writes everything in the store as of now to a sink. Throws StoreError, and what the sink throws. */
export async function streamArchive(store: ArchivedStore, sink: ArchiveSink): Promise<ArchiveReport> {
  return writeItems(store, new FrameWriter(sink));
}

async function writeDraft(store: ArchivedStore, draft: string): Promise<ArchiveReport> {
  const file = await open(draft, 'wx');
  try {
    return await streamArchive(store, {
      // writev may take less than all of it, writeFile does not.
      write: (bytes) => file.writeFile(bytes),
      end: () => file.sync(),
    });
  } finally {
    await file.close();
  }
}

/**
 * Makes a store in a directory that has none from a backup. The documents get new epochs. Throws ConfigError when there
 * is a store already, StoreError when the backup is damaged or the disk fails; the directory then still has no store.
 */
export async function restoreArchive(
  file: string | ArchiveStream,
  directory: string,
  clock: Clock,
): Promise<ArchiveCounts> {
  const archive = typeof file === 'string' ? archiveFile(resolve(file)) : file;
  const target = resolve(directory);
  if (typeof file === 'string' && !(await exists(archive.name)))
    throw new ConfigError(`there is no backup at ${archive.name}`);
  await makeDirectory(target);
  try {
    const hold = await holdDirectory(target, clock.now());
    try {
      return await restoreHeld(archive, target, clock);
    } finally {
      await hold.release();
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw toStoreError(error, target);
  }
}

async function writeItems(store: ArchivedStore, frames: FrameWriter): Promise<ArchiveReport> {
  const problems: StoreProblem[] = [];
  let [documents, records, states] = [0, 0, 0];
  await frames.write(frameKind.header, new Uint8Array(0));
  for await (const item of store.readAll()) {
    if (item.kind === 'problem') {
      problems.push(item.problem);
    } else if (item.kind === 'state') {
      if (item.key.startsWith(ownRunsPrefix)) continue;
      await frames.write(frameKind.state, encodeState(item.key, item.value));
      states += 1;
    } else {
      await writeDocument(frames, item);
      documents += 1;
      records += item.records.length;
    }
  }
  await frames.write(frameKind.end, encodeCounts({ documents, records, states }));
  await frames.end();
  return { documents, records, states, problems };
}

async function writeDocument(frames: FrameWriter, item: DocumentItem): Promise<void> {
  await frames.write(frameKind.document, encodeDocument(item));
  if (item.checkpoint) await frames.write(frameKind.checkpoint, item.checkpoint.update);
  for (const pack of inPacks(item.records)) await frames.write(frameKind.records, encodePack(pack));
  await frames.write(frameKind.documentEnd, new Uint8Array(0));
}

/**
 * Built in a folder inside the target, because a data directory is often a mounted volume that nothing can be renamed
 * onto. While that folder is there a server refuses the directory, so a half-restored store is never served.
 */
async function restoreHeld(archive: ArchiveStream, target: string, clock: Clock): Promise<ArchiveCounts> {
  const draft = join(target, restoringName);
  const isInterrupted = await exists(draft);
  if (await exists(join(target, 'store.json')))
    throw new ConfigError(`${target} already holds a store: restore elsewhere`);
  if (isInterrupted) await rm(levelPath(target), { recursive: true, force: true });
  if (await hasFiles(levelPath(target)))
    throw new ConfigError(`${target} already holds files of a store: restore elsewhere`);
  await rm(draft, { recursive: true, force: true });
  try {
    const counts = await fill(archive, draft, clock);
    await rename(levelPath(draft), levelPath(target));
    await rename(join(draft, 'store.json'), join(target, 'store.json')); // from here on it is a store
    await syncDirectory(target);
    return counts;
  } finally {
    if (!(await hasFiles(levelPath(target))) || (await exists(join(target, 'store.json')))) {
      await rm(draft, { recursive: true, force: true });
    }
  }
}

async function fill({ name, bytes }: ArchiveStream, directory: string, clock: Clock): Promise<ArchiveCounts> {
  const store = await openLevelStore({ directory, durability: 'os', clock });
  try {
    return await readItems(store, readFrames(bytes, name), name);
  } finally {
    await store.close();
  }
}

async function readItems(
  store: LevelStore,
  frames: AsyncGenerator<Frame>,
  path: string,
): Promise<ArchiveCounts> {
  let [documents, records, states] = [0, 0, 0];
  let isEnded = false;
  for await (const frame of frames) {
    if (isEnded) throw damagedArchive(path, 'something follows its end');
    if (frame.kind === frameKind.state) {
      const [key, value] = decodeState(frame.payload);
      await store.put({ kind: 'state', key, value });
      states += 1;
    } else if (frame.kind === frameKind.document) {
      const item = await readDocument(decodeDocument(frame.payload), frames, path);
      await store.put(item);
      documents += 1;
      records += item.records.length;
    } else if (frame.kind === frameKind.end) {
      assertCounts(decodeCounts(frame.payload), { documents, records, states }, path);
      isEnded = true;
    } else if (frame.kind !== frameKind.header) {
      throw damagedArchive(path, `a frame of kind ${frame.kind} where none belongs`);
    }
  }
  if (!isEnded) throw damagedArchive(path, 'its end is missing');
  return { documents, records, states };
}

async function readDocument(
  head: DocumentHead,
  frames: AsyncGenerator<Frame>,
  path: string,
): Promise<DocumentItem> {
  const { document, changedAt } = head;
  let checkpoint: Checkpoint | undefined;
  const records: LogRecord[] = [];
  for (let next = await frames.next(); !next.done; next = await frames.next()) {
    const { kind, payload } = next.value;
    if (kind === frameKind.documentEnd) return { kind: 'document', document, changedAt, checkpoint, records };
    if (kind === frameKind.checkpoint && head.checkpoint)
      checkpoint = { ...head.checkpoint, update: payload };
    else if (kind === frameKind.records) decodePack(payload, records);
    else break;
  }
  throw damagedArchive(path, 'a document without an end');
}

function assertCounts(stated: ArchiveCounts, found: ArchiveCounts, path: string): void {
  const { documents, records, states } = found;
  if (documents === stated.documents && records === stated.records && states === stated.states) return;
  throw damagedArchive(
    path,
    `it has ${documents} documents of ${stated.documents}, ${records} records of ${stated.records}`,
  );
}

/** Read in large chunks, and opened when the first one is asked for. */
function archiveFile(path: string): ArchiveStream {
  return {
    name: path,
    bytes: {
      async *[Symbol.asyncIterator]() {
        yield* createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
      },
    },
  };
}
