// The notes app with accounts, in one process: better-auth under /api/auth, Heddle under /sync, the page for signing in at /,
// the notes app at /app/notes/, and the webhook that changes a plan.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toNodeHandler } from 'better-auth/node';
import { createServer } from 'heddle/server';
import { Level } from 'level';
import { createAccounts } from './accounts.mjs';
import { planWebhook } from './plan-webhook.mjs';

const ownPages = new URL('page/', import.meta.url);
/** Built pages that come with the package; of these, the notes app. */
const appPages = new URL('dist/examples/', import.meta.resolve('heddle/package.json'));
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
const policy = {
  'content-security-policy': "default-src 'self'; connect-src 'self' ws: wss:",
  'x-content-type-options': 'nosniff',
};

/**
 * Starts all of it; resolves with `{ url, close() }`. `url`: where browsers reach it, when that is not the port itself.
 * `sendMail({ to, text })` prints by default.
 */
export async function start({
  port = 1234,
  data = './data',
  url,
  tokenLife = '5m',
  webhookSecret = secretIn(data, 'webhook'),
  sendMail = ({ to, text }) => print(`mail to ${to}: ${text}`),
} = {}) {
  /** Until all is there. */
  let answer = async (_request, response) => response.writeHead(503).end('the server is starting\n');
  const http = createHttpServer((request, response) => {
    answer(request, response).catch((error) => {
      print(error.stack);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  await new Promise((resolve, reject) => http.once('error', reject).listen(port, resolve));
  const base = url ?? `http://localhost:${http.address().port}`;
  const db = new Level(`${data}/accounts`, { valueEncoding: 'json' });
  await db.open();
  const accounts = createAccounts({
    db,
    url: base,
    secret: secretIn(data, 'accounts'),
    tokenLife,
    sendMail,
    sessionEnded: ({ user, session }) => heddle.users.revoke({ device: session, user }),
  });
  const heddle = createServer({
    server: http,
    path: '/sync',
    data: `${data}/documents`,
    auth: { jwksUrl: `http://localhost:${http.address().port}/api/auth/jwks`, issuer: base, audience: base },
  });
  const authenticate = toNodeHandler(accounts.auth);
  const webhook = planWebhook(webhookSecret, async (email, plan) => {
    await heddle.users.refresh(await accounts.setPlan(email, plan));
  });
  await heddle.listen();
  answer = async (request, response) => {
    if (!URL.canParse(request.url, 'http://here')) return response.writeHead(400).end('no such address\n');
    const { pathname } = new URL(request.url, 'http://here');
    if (pathname.startsWith('/api/auth/')) return authenticate(request, response);
    if (pathname === '/webhooks/plan' && request.method === 'POST') return webhook(request, response);
    return sendPage(response, pathname);
  };
  return {
    url: base,
    async close() {
      await heddle.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await db.close();
    },
  };
}

function sendPage(response, pathname) {
  // A URL has no `..` left: nothing outside the two folders can be named.
  const [, appPath] = /^\/app\/((?:notes|assets)\/.*)$/.exec(pathname) ?? [];
  const file = appPath === undefined ? new URL(`.${pathname}`, ownPages) : new URL(appPath, appPages);
  if (pathname.endsWith('/')) file.pathname += 'index.html';
  if (!existsSync(file) || types[extname(file.pathname)] === undefined)
    return response.writeHead(404).end('not found\n');
  response
    .writeHead(200, { 'content-type': types[extname(file.pathname)], ...policy })
    .end(readFileSync(file));
}

const print = (text) => process.stdout.write(`${text}\n`);

/** A secret of this installation, made at the first start. */
function secretIn(data, name) {
  const file = `${data}/${name}.secret`;
  mkdirSync(data, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** Runs it as the environment says, until SIGINT or SIGTERM. */
export async function serve() {
  const { PORT, DATA_DIR, URL: url, TOKEN_LIFE: tokenLife, WEBHOOK_SECRET: webhookSecret } = process.env;
  const port = PORT === undefined ? undefined : Number(PORT);
  const server = await start({ port, data: DATA_DIR, url, tokenLife, webhookSecret });
  print(`Open ${server.url}/ and register. The notes app is at ${server.url}/app/notes/.`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.close());
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serve();
