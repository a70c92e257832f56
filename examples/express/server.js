// One port: the application's login, the tokens of its users, its page, and Heddle at /sync.

import { createServer as createHttpServer } from 'node:http';
import express from 'express';
import { createServer } from 'heddle/server';
import { expressTokenRoute } from 'heddle/token';
import { createServer as createPages } from 'vite';

const secret = process.env.JWT_SECRET ?? 'a secret for trying things out, of 32 bytes or more';
const port = Number(process.env.PORT ?? 3000);

const app = express();
const http = createHttpServer(app);

// In place of a login: whoever names themselves is that user. An application looks at its own session here.
const userOf = (request) => /(?:^|; )user=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
app.post('/login/:user', ({ params }, response) => {
  response.cookie('user', params.user, { httpOnly: true, sameSite: 'strict' }).sendStatus(204);
});

app.use(
  '/api/sync-token',
  expressTokenRoute({
    secret,
    user(request) {
      const sub = userOf(request);
      // Everybody may write the documents under team/, and nothing else.
      return sub && { sub, name: sub, docs: [{ pattern: 'team/**', access: 'write' }] };
    },
  }),
);

const pages = await createPages({
  root: import.meta.dirname,
  server: { middlewareMode: true, hmr: { server: http }, watch: { ignored: ['**/data/**'] } },
});
app.use(pages.middlewares);

const sync = createServer({
  server: http,
  path: '/sync',
  data: process.env.DATA_DIR ?? './data',
  auth: { secret },
});
await sync.listen();
http.listen(port, () => console.log(`Open http://localhost:${http.address().port}/ in two windows.`));

process.once('SIGTERM', () => {
  void sync.close().finally(() => process.exit());
});
