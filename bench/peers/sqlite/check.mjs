// Fails when something of this folder cannot be loaded, as where SQLite was not compiled.
import Database from 'better-sqlite3';

await import('@hocuspocus/extension-sqlite');
await import('@hocuspocus/server');
new Database(':memory:').close();
process.exit();
