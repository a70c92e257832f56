// What the commands on a stopped server's data directory have in common.

import { systemClock } from '../../shared/clock.js';
import { parseDocumentName, type DocumentName } from '../../shared/document-name.js';
import { defaultLimits } from '../../shared/limits.js';
import { toSyncError } from '../../shared/errors.js';
import { helpText } from '../config/arguments.js';
import type { OptionSpec } from '../config/option.js';
import { resolveOptions, type Environment, type ResolvedOptions } from '../config/resolve-options.js';
import { ConfigError, StoreError } from '../errors.js';
import { loadDocument, type LoadedDocument } from '../room/load-document.js';
import { openLevelStore, type LevelStore } from '../store/level-store.js';

/** A command of this kind: what it is called with and what it does. Returns the text to print. */
export interface StoreCommand {
  readonly usage: string;
  /** Names of the arguments before the first flag; those in brackets may be left out. */
  readonly positionals: readonly string[];
  readonly options: readonly OptionSpec[];
  run(given: {
    positionals: readonly string[];
    options: ResolvedOptions;
    directory: string;
  }): Promise<CommandResult>;
}

export interface CommandResult {
  readonly output: string;
  /** 0 when all is well, 1 when the command found what it looked for and it is bad. */
  readonly exitCode: 0 | 1;
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

/** Runs a command of this kind. Throws ConfigError or StoreError, one clear line. */
export async function runStoreCommand(
  command: StoreCommand,
  argv: readonly string[],
  env: Environment,
): Promise<CommandResult> {
  const flagsAt = argv.findIndex((argument) => argument.startsWith('-'));
  const positionals = flagsAt === -1 ? argv : argv.slice(0, flagsAt);
  const table = [dataOption, ...command.options];
  const options = resolveOptions(table, argv.slice(positionals.length), env);
  if (options.isHelp) return { output: helpText(command.usage, table), exitCode: 0 };
  const missing = command.positionals[positionals.length];
  if (missing !== undefined && !missing.startsWith('['))
    throw new ConfigError(`${missing} is missing: ${command.usage}`);
  const extra = positionals[command.positionals.length];
  if (extra !== undefined)
    throw new ConfigError(`unexpected argument ${JSON.stringify(extra)}: ${command.usage}`);
  return command.run({ positionals, options, directory: options.text('data') ?? './data' });
}

/** Opens the store that is in a directory, for as long as `use` takes. */
export async function withStore<T>(directory: string, use: (store: LevelStore) => Promise<T>): Promise<T> {
  const store = await openLevelStore({
    directory,
    durability: 'fsync',
    clock: systemClock,
    createIfMissing: false,
  });
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

/** Names of all documents, a page at a time. */
export async function* allDocuments(store: LevelStore, prefix = ''): AsyncGenerator<DocumentName> {
  let after: string | undefined;
  for (;;) {
    const page = await store.list({ prefix, limit: 1_000, ...(after === undefined ? {} : { after }) });
    for (const { document } of page) yield document;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.document;
  }
}
