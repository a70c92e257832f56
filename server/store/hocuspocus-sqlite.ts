// Reads the file of Hocuspocus' SQLite extension: one table, with a name and the whole state as an update in each row. SQLite is
// Node's own, which Node 22.13 and later have.

import { ConfigError } from '../errors.js';

interface Statement {
  all(...values: readonly string[]): readonly Readonly<Record<string, unknown>>[];
}

interface Sqlite {
  readonly DatabaseSync: new (
    file: string,
    options: { readonly readOnly: boolean },
  ) => { prepare(query: string): Statement; close(): void };
}

/**
 * Documents by name, without an update where what is stored is none. The file is only read. Throws ConfigError where it cannot
 * be, or is of something else.
 */
export function* readHocuspocusSqlite(
  file: string,
): Generator<{ readonly name: string; readonly update: Uint8Array | undefined }> {
  const { DatabaseSync } = loadSqlite();
  let database: InstanceType<Sqlite['DatabaseSync']> | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const names = database.prepare('SELECT name FROM documents ORDER BY name').all();
    const row = database.prepare('SELECT data FROM documents WHERE name = ?');
    for (const { name } of names) {
      const [found] = row.all(String(name));
      const data = found?.['data'];
      yield { name: String(name), update: data instanceof Uint8Array ? data : undefined };
    }
  } catch (cause) {
    throw new ConfigError(`${file} is not a file of Hocuspocus' SQLite extension: ${String(cause)}`, {
      cause,
    });
  } finally {
    database?.close();
  }
}

function loadSqlite(): Sqlite {
  const found: unknown = process.getBuiltinModule('node:sqlite');
  if (found === undefined)
    throw new ConfigError(
      `to read SQLite takes Node 22.13 or later, and this is ${process.version}; ` +
        'or run the old server, and read from its address: heddle import-from ws://... --protocol hocuspocus',
    );
  return found as Sqlite;
}
