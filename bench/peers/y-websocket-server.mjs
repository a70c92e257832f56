// @y/websocket-server as its own command starts it; with DATA, documents are kept there by y-leveldb.
import { createServer } from 'node:http';
import ws from 'ws';

const { HOST = '127.0.0.1', PORT = '0', DATA } = process.env;
// Read when the package is loaded.
if (DATA !== undefined) process.env.YPERSISTENCE = DATA;
const { setupWSConnection } = await import('@y/websocket-server/utils');

const sockets = new ws.Server({ noServer: true });
sockets.on('connection', setupWSConnection);

const server = createServer((_request, response) => response.end('okay'));
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
});
server.listen(Number(PORT), HOST, () => console.log(`READY ${server.address().port}`));
