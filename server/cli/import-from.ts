// `heddle import-from`: takes the documents of another server into a store, from the server itself or from its data.

import { realpath, stat } from 'node:fs/promises';
import { documentNameFromPath, parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { toSyncError } from '../../shared/errors.js';
import type { OptionSpec } from '../config/option.js';
import type { ResolvedOptions } from '../config/resolve-options.js';
import { ConfigError, exitCodes, refusalOf, scopeOf, StoreError } from '../errors.js';
import { readHocuspocusSqlite } from '../store/hocuspocus-sqlite.js';
import type { LevelStore } from '../store/level-store.js';
import { readYLevelDb } from '../store/y-leveldb.js';
import { readSource } from './files.js';
import { addressOf, documentsOfServer, protocols, type RunningServer } from './sources/running-server.js';
import type { Source, SourceDocument } from './sources/source.js';
import { readDocument, withStore, type StoreCommand, type Terminal } from './store-options.js';
import { appendUpdates, takeUpdates } from './take-updates.js';

const group = 'Source';
const options: readonly OptionSpec[] = [
  {
    group,
    flag: 'documents',
    env: [],
    type: 'string',
    placeholder: 'file',
    description: 'Names of the documents, one a line; a server cannot be asked for them, data is read whole',
  },
  {
    group,
    flag: 'protocol',
    env: [],
    type: 'string',
    choices: Object.keys(protocols),
    default: 'y-websocket',
    description: 'What the server speaks',
  },
  {
    group,
    flag: 'token',
    env: ['HEDDLE_IMPORT_TOKEN'],
    type: 'string',
    placeholder: 'token',
    description: "For the server: Hocuspocus' token, otherwise ?token= of the address",
  },
  {
    group,
    flag: 'patience',
    env: [],
    type: 'duration',
    min: 1,
    default: '30s',
    description: 'How long the server may take for one document',
  },
];

/** Where documents come from, and how their names are to be read. */
interface Opened {
  readonly source: Source;
  readonly nameOf: (name: string) => DocumentName;
}

export const importFromCommand: StoreCommand = {
  usage: 'heddle import-from <url|path> [--documents <file>] [--data <directory>]',
  positionals: ['<url|path>'],
  options,
  run: async ({ positionals: [place = ''], options: given, directory, ...terminal }) => {
    const { source, nameOf } = /^\w+:\/\//.test(place)
      ? await openServer(place, given, terminal)
      : await openData(place, directory, given);
    const documents = source[Symbol.asyncIterator]();
    let counts: Counts;
    try {
      // Nothing is made before there is something to be read.
      const first = await documents.next();
      if (first.done === true) throw new ConfigError(`${place} holds no documents`);
      const importThem = (store: LevelStore): Promise<Counts> =>
        importAll(store, { first: first.value, documents, nameOf }, terminal);
      counts = await withStore(directory, importThem, { createIfMissing: true });
    } finally {
      // What the source has opened is closed, also where not all of it was read.
      await documents.return?.();
    }
    await terminal.output.line(
      `${counts.imported} imported, ${counts['nothing new']} with nothing new, ${counts.failed} failed`,
    );
    return counts.failed === 0 ? 0 : exitCodes.failed;
  },
};

async function openServer(url: string, given: ResolvedOptions, { input }: Terminal): Promise<Opened> {
  const file = given.text('documents');
  if (file === undefined)
    throw new ConfigError('--documents is missing: a server cannot be asked which documents it has');
  const lines = new TextDecoder().decode(await readSource(file, input)).split('\n');
  const server: RunningServer = {
    url,
    protocol: (given.text('protocol') ?? 'y-websocket') as RunningServer['protocol'],
    token: given.text('token'),
    names: lines.map((line) => line.replace(/\r$/, '')).filter((line) => line !== ''),
    patienceMs: given.number('patience') ?? 30_000,
  };
  // Throws where the address is none.
  const base = addressOf({ ...server, protocol: 'hocuspocus' }, '').pathname.replace(/\/$/, '');
  const isInPath = server.protocol === 'y-websocket' && !url.includes('{document}');
  return {
    source: documentsOfServer(server),
    // As this server calls the document for a client that is moved to it.
    nameOf: (name) =>
      isInPath
        ? documentNameFromPath(addressOf(server, name).pathname.slice(base.length + 1))
        : parseDocumentName(name),
  };
}

async function openData(path: string, directory: string, given: ResolvedOptions): Promise<Opened> {
  if (given.text('documents') !== undefined)
    throw new ConfigError('--documents goes with the address of a server; data is read whole');
  const found = await stat(path).catch((cause: unknown) => {
    throw new ConfigError(`${path} is neither the address of a server nor a path that can be read`, {
      cause,
    });
  });
  const target = await realpath(directory).catch(() => undefined);
  if (target === (await realpath(path))) throw new ConfigError(`${path} is the store that is imported into`);
  return found.isDirectory()
    ? { source: fromLevel(path), nameOf: documentNameFromPath }
    : { source: fromSqlite(path), nameOf: parseDocumentName };
}

async function* fromLevel(path: string): Source {
  for await (const document of readYLevelDb(path)) yield { kind: 'read', ...document };
}

async function* fromSqlite(path: string): Source {
  for (const { name, update } of readHocuspocusSqlite(path))
    yield update === undefined
      ? { kind: 'failed', name, reason: 'what is stored under this name is no document' }
      : { kind: 'read', name, updates: [update] };
}

interface Report {
  readonly outcome: 'imported' | 'nothing new' | 'failed';
  readonly words: string;
}

type Counts = Record<Report['outcome'], number>;

/** What was read first, and what comes after it. */
interface Documents extends Pick<Opened, 'nameOf'> {
  readonly first: SourceDocument;
  readonly documents: AsyncIterator<SourceDocument>;
}

/** Tells of each document as it is done. Returns how many there were, by what became of them. */
async function importAll(
  store: LevelStore,
  { first, documents, nameOf }: Documents,
  { output, errors }: Terminal,
): Promise<Counts> {
  const counts = { imported: 0, 'nothing new': 0, failed: 0 };
  for (let found: SourceDocument | undefined = first; found !== undefined;) {
    const { outcome, words } = await importOne(store, found, nameOf);
    counts[outcome]++;
    await (outcome === 'failed' ? errors : output).line(`${found.name}\t${words}`);
    const next = await documents.next();
    found = next.done === true ? undefined : next.value;
  }
  return counts;
}

/** One document that cannot be taken does not keep the others from it. */
async function importOne(
  store: LevelStore,
  found: SourceDocument,
  nameOf: Opened['nameOf'],
): Promise<Report> {
  if (found.kind === 'failed') return { outcome: 'failed', words: found.reason };
  try {
    const document = nameOf(found.name);
    const { log, index } = await readDocument(store, document);
    const { updates, incomplete } = takeUpdates(index, found.updates);
    if (updates.length > 0) await appendUpdates(store, document, log.head, updates);
    if (incomplete > 0)
      return {
        outcome: 'failed',
        words: 'not whole: some of it depends on edits that the source does not have',
      };
    if (updates.length === 0) return { outcome: 'nothing new', words: 'nothing new' };
    const bytes = updates.reduce((sum, update) => sum + update.length, 0);
    return { outcome: 'imported', words: `${bytes} bytes imported` };
  } catch (error) {
    if (error instanceof StoreError && scopeOf(error) !== 'document') throw error;
    const refusal = error instanceof StoreError ? refusalOf(error) : toSyncError(error);
    return { outcome: 'failed', words: refusal.reason };
  }
}
