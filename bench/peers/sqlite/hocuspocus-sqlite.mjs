// Hocuspocus with its defaults, but quiet; documents are kept by its SQLite extension, in a file below DATA.
import { join } from 'node:path';
import { SQLite } from '@hocuspocus/extension-sqlite';
import { Server } from '@hocuspocus/server';

const { HOST = '127.0.0.1', PORT = '0', DATA = '.' } = process.env;
const extensions = [new SQLite({ database: join(DATA, 'documents.sqlite') })];
const server = new Server({ address: HOST, port: Number(PORT), quiet: true, extensions });
await server.listen();
console.log(`READY ${server.address.port}`);
