// Next and Heddle on one port, Heddle at /sync.

import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'heddle/server';
import createNext from 'next';

const port = Number(process.env.PORT ?? 3000);
process.env.JWT_SECRET ??= 'a secret for trying things out, of 32 bytes or more';

const http = createHttpServer();
const next = createNext({ dev: process.env.NODE_ENV !== 'production', httpServer: http, port });
await next.prepare();
const handle = next.getRequestHandler();
http.on('request', (request, response) => void handle(request, response));

const sync = createServer({
  server: http,
  path: '/sync',
  data: './data',
  auth: { secret: process.env.JWT_SECRET },
});
await sync.listen();
http.listen(port, () => console.log(`Open http://localhost:${http.address().port}/ in two windows.`));

process.once('SIGTERM', () => {
  void sync.close().finally(() => process.exit());
});
