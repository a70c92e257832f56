// Hocuspocus with its defaults, but quiet.
import { Server } from '@hocuspocus/server';

const { HOST = '127.0.0.1', PORT = '0' } = process.env;
const server = new Server({ address: HOST, port: Number(PORT), quiet: true });
await server.listen();
console.log(`READY ${server.address.port}`);
