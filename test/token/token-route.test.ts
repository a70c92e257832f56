// The routes of an application that give its pages tokens: over real HTTP, to a real client, to a real server.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleProvider, LoginRequired } from '../../client/index.js';
import { createToken, expressTokenRoute, tokenRoute, type TokenRouteOptions } from '../../token/index.js';
import { serverForTest, testSecret } from '../support/test-server.js';

const docs = [{ pattern: 'notes/*', access: 'write' }] as const;

/** An application in which everybody is who its cookie says. */
const app = <AnyRequest>(
  cookieOf: (request: AnyRequest) => string | null | undefined,
): TokenRouteOptions<AnyRequest> => ({
  secret: testSecret,
  user: async (request) => {
    const sub = /user=(\w+)/.exec(cookieOf(request) ?? '')?.[1];
    if (sub === 'broken') throw new Error('the session store is away');
    return sub === undefined ? undefined : { sub, docs };
  },
});

/** What is used of Express, which has no types of its own. */
interface Express extends RequestListener {
  use(
    path: string,
    handler: (request: IncomingMessage, response: ServerResponse, next: (error: unknown) => void) => unknown,
  ): void;
  use(
    handler: (error: unknown, request: IncomingMessage, response: ServerResponse, next: () => void) => void,
  ): void;
}

/** Express on a port of its own. */
async function expressApp(): Promise<string> {
  const express = (createRequire(import.meta.url)('express') as () => Express)();
  express.use(
    '/api/sync-token',
    expressTokenRoute(app((request: IncomingMessage) => request.headers.cookie)),
  );
  // Express knows a handler of errors by its four parameters.
  express.use((error, _request, response, _next) => void response.writeHead(500).end(String(error)));
  const server = createServer(express);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/sync-token`;
}

type Ask = (init: RequestInit) => Promise<Response>;
const routes: Readonly<Record<string, () => Promise<Ask>>> = {
  'a web-standard route': async () => {
    const route = tokenRoute(app((request: Request) => request.headers.get('cookie')));
    return (init) => route(new Request('http://localhost/api/sync-token', init));
  },
  'a route of Express': async () => {
    const url = await expressApp();
    return (init) => fetch(url, init);
  },
};

describe.each(Object.entries(routes))('%s', (_, start) => {
  test.each(['GET', 'POST'])('U42 answers %s with a token with which a client connects', async (method) => {
    const ask = await start();
    const { url } = await serverForTest({ auth: { secret: testSecret } });
    const provider = new HeddleProvider(url, 'notes/today', new Y.Doc(), {
      WebSocketPolyfill: WebSocket,
      tabs: false,
      token: async () => (await ask({ method, headers: { cookie: 'user=ann' } })).text(),
    });
    onTestFinished(() => provider.destroy());
    await provider.sync();
    expect(provider.connection.claims).toMatchObject({ sub: 'ann', docs });
  });

  test('U42 tells caches to keep nothing, and says 401 to nobody, 405 to other methods', async () => {
    const ask = await start();
    const answered = await ask({ headers: { cookie: 'user=ann' } });
    expect(answered.headers.get('cache-control')).toBe('no-store');
    expect(answered.headers.get('content-type')).toMatch('text/plain');
    const unknown = await ask({});
    expect([unknown.status, await unknown.text()]).toEqual([401, 'nobody is logged in']);
    expect((await ask({ method: 'PUT', headers: { cookie: 'user=ann' } })).status).toBe(405);
  });
});

test('U42 fields of the user that are called like options of the signing count for nothing', async () => {
  const user = { sub: 'ann', docs, ttlS: 1, algorithm: 'none', issuer: 'me', keyId: 'x', privateKey: 'y' };
  const route = tokenRoute({ secret: testSecret, user: () => user });
  const [header, payload] = (await (await route(new Request('http://localhost/'))).text())
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString());
  expect(JSON.parse(header!)).toEqual({ alg: 'HS256', typ: 'JWT' });
  const { iat, exp, iss, sub } = JSON.parse(payload!) as Record<string, unknown>;
  expect([sub, iss, Number(exp) - Number(iat)]).toEqual(['ann', undefined, 600]);
});

describe('a fault of the application', () => {
  test('U42 reaches its framework', async () => {
    const route = tokenRoute(app((request: Request) => request.headers.get('cookie')));
    const headers = { cookie: 'user=broken' };
    await expect(route(new Request('http://localhost/', { headers }))).rejects.toThrow(
      'the session store is away',
    );
    const response = await fetch(await expressApp(), { headers });
    expect([response.status, await response.text()]).toEqual([500, 'Error: the session store is away']);
  });
});

test('U42 a page whose user is not logged in says so, and asks no more', async () => {
  const route = tokenRoute(app((request: Request) => request.headers.get('cookie')));
  let asked = 0;
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const provider = new HeddleProvider(url, 'notes/today', new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    tabs: false,
    token: async () => {
      asked++;
      const response = await route(new Request('http://localhost/api/sync-token'));
      if (response.status === 401) throw new LoginRequired();
      return response.text();
    },
  });
  onTestFinished(() => provider.destroy());
  await expect.poll(() => provider.status.reason?.kind).toBe('login-required');
  expect(asked).toBe(1);
});

test('U42 createToken makes what the server believes', async () => {
  const { url } = await serverForTest({ auth: { secret: testSecret } });
  const token = await createToken({ secret: testSecret, sub: 'bo', docs });
  const provider = new HeddleProvider(url, 'notes/today', new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    tabs: false,
    token,
  });
  onTestFinished(() => provider.destroy());
  await provider.sync();
  expect(provider.connection.claims?.sub).toBe('bo');
});
