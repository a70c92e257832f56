// What the commands on a stopped server's data directory have in common.

import type { Readable } from 'node:stream';
import { systemClock } from '../../shared/clock.js';
import { parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { defaultLimits } from '../../shared/limits.js';
import { toSyncError } from '../../shared/errors.js';
import { helpText } from '../config/arguments.js';
import type { OptionSpec } from '../config/option.js';
import { resolveOptions, type Environment, type ResolvedOptions } from '../config/resolve-options.js';
import { ConfigError, StoreError } from '../errors.js';
import type { Output } from './output.js';
import { loadDocument, type LoadedDocument } from '../room/load-document.js';
import { openLevelStore, type LevelStore } from '../store/level-store.js';
import { openShadow, type ShadowStore } from '../store/shadow-store.js';
import type { DocumentSummary } from '../store/store.js';

/** Where a command prints, and what it reads from. */
export interface Terminal {
  readonly output: Output;
  readonly errors: Output;
  readonly input: Readable;
}

/** A command of this kind: what it is called with and what it does. */
export interface StoreCommand {
  readonly usage: string;
  /** Names of the arguments before the first flag; those in brackets may be left out. */
  readonly positionals: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Resolves with the exit code: 0 when all is well, 1 when the command found what it looked for and it is bad. */
  run(
    given: { positionals: readonly string[]; options: ResolvedOptions; directory: string } & Terminal,
  ): Promise<number>;
}

const dataOption: OptionSpec = {
  group: 'Store',
  flag: 'data',
  env: ['DATA_DIR', 'YPERSISTENCE'],
  type: 'string',
  placeholder: 'directory',
  default: './data',
  description: 'Data directory of the server, which must not be running',
};

/** Runs a command of this kind. Resolves with the exit code. Throws ConfigError or StoreError, one clear line. */
export async function runStoreCommand(
  command: StoreCommand,
  argv: readonly string[],
  env: Environment,
  terminal: Terminal,
): Promise<number> {
  const table = [dataOption, ...command.options];
  const options = resolveOptions(table, argv, env, command.positionals.length);
  if (options.isHelp) {
    await terminal.output.line(helpText(command.usage, table));
    return 0;
  }
  const { positionals } = options;
  const missing = command.positionals[positionals.length];
  if (missing !== undefined && !missing.startsWith('['))
    throw new ConfigError(`${missing} is missing: ${command.usage}`);
  return command.run({ ...terminal, positionals, options, directory: options.text('data') ?? './data' });
}

/** Opens the store that is in a directory, to be read for as long as `use` takes, also where its disk is full (O20). */
export async function withStoreToRead<T>(
  directory: string,
  use: (store: LevelStore) => Promise<T>,
): Promise<T> {
  const opened = await openToRead(directory);
  try {
    return await use(opened.store);
  } finally {
    await opened.close();
  }
}

async function openToRead(directory: string): Promise<ShadowStore> {
  try {
    const store = await openLevelStore({
      directory,
      durability: 'fsync',
      clock: systemClock,
      createIfMissing: false,
    });
    return { store, close: () => store.close() };
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_FULL') throw error;
    return openShadow(directory, systemClock);
  }
}

/** Opens the store that is in a directory, for as long as `use` takes. Makes none unless `createIfMissing` says so. */
export async function withStore<T>(
  directory: string,
  use: (store: LevelStore) => Promise<T>,
  { createIfMissing = false } = {},
): Promise<T> {
  const store = await openLevelStore({ directory, durability: 'fsync', clock: systemClock, createIfMissing });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** A document name from the command line. Throws ConfigError. */
export function readName(text: string): DocumentName {
  try {
    return parseDocumentName(text);
  } catch (cause) {
    throw new ConfigError(toSyncError(cause).reason, { cause });
  }
}

/** Loads a document as a server would. Throws StoreError, in words for an operator. */
export async function readDocument(store: LevelStore, document: DocumentName): Promise<LoadedDocument> {
  try {
    return await loadDocument(store, document, defaultLimits);
  } catch (error) {
    const { cause } = toSyncError(error);
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('DOCUMENT_CORRUPT', `document ${JSON.stringify(document)} does not load`, {
      cause: error,
    });
  }
}

/** Loads a document that must be there. Throws ConfigError where it is not, and StoreError. */
export async function readStoredDocument(store: LevelStore, document: DocumentName): Promise<LoadedDocument> {
  const loaded = await readDocument(store, document);
  if (loaded.isNew) throw new ConfigError(`there is no document ${JSON.stringify(document)}`);
  return loaded;
}

/** All documents, a page at a time. */
export async function* documentPages(
  store: LevelStore,
  prefix = '',
): AsyncGenerator<readonly DocumentSummary[]> {
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix, limit: 1_000, ...(after === undefined ? {} : { after }) });
    after = page.at(-1)?.document;
    if (after === undefined) return;
    yield page;
  }
}

/** Names of all documents. */
export async function* allDocuments(store: LevelStore): AsyncGenerator<DocumentName> {
  for await (const page of documentPages(store)) for (const { document } of page) yield document;
}
