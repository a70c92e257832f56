// HTTP: the router, health, and what the demo page asks for.

import { beforeEach, describe, expect, it } from 'vitest';
import { demoRoutes } from '../../../server/api/demo.js';
import { healthRoutes } from '../../../server/api/health.js';
import { route, type Routes } from '../../../server/api/router.js';
import { jsonReply } from '../../../server/json-reply.js';
import type { Authenticator } from '../../../server/auth/authenticator.js';
import { signToken } from '../../../token/sign-token.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import type { HttpReply } from '../../../server/transport/transport.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { SyncError } from '../../../shared/errors.js';
import type { LogFields } from '../../../shared/logger.js';
import { ControlledStore } from '../../support/controlled-store.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { createMemoryTransport, type MemoryTransport } from '../../support/memory-transport.js';

let errors: LogFields[];

beforeEach(() => {
  errors = [];
});

function serve(routes: Routes, files?: { reply(): HttpReply | undefined }): MemoryTransport {
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: LogFields) => void errors.push(fields) };
  return createMemoryTransport({
    upgrade: () => ({ accept: false, status: 404, body: '' }),
    request: (request) => route(request, routes, files, logger),
  });
}

function bodyOf(reply: HttpReply): unknown {
  return JSON.parse(String(reply.body));
}

describe('the router', () => {
  it('goes by method and path; HEAD is answered as GET', async () => {
    const transport = serve({
      'GET /a': () => jsonReply(200, { a: 1 }),
      'POST /a': () => jsonReply(201, {}),
    });
    expect((await transport.request({ path: '/a' })).status).toBe(200);
    expect((await transport.request({ path: '/a', method: 'HEAD' })).status).toBe(200);
    expect((await transport.request({ path: '/a', method: 'POST' })).status).toBe(201);
    expect((await transport.request({ path: '/a', query: 'b=c' })).status).toBe(200);
  });

  it('everything else is a file, or not found', async () => {
    const transport = serve({ 'GET /a': () => jsonReply(200, {}) });
    for (const [method, path] of [
      ['GET', '/b'],
      ['DELETE', '/a'],
      ['GET', '/a/'],
      ['GET', '/toString'],
      ['GET', '/__proto__'],
    ] as const) {
      const reply = await transport.request({ path, method });
      expect([reply.status, bodyOf(reply)], `${method} ${path}`).toEqual([404, { error: 'NOT_FOUND' }]);
    }
    const withFiles = serve({}, { reply: () => ({ status: 200, body: 'page' }) });
    expect((await withFiles.request({ path: '/b' })).body).toBe('page');
  });

  it('O1: an error has its status and says what may be said', async () => {
    const transport = serve({
      'GET /forbidden': () => {
        throw new SyncError('FORBIDDEN', 'not yours');
      },
      'GET /bug': () => Promise.reject(new Error('secret')),
    });
    const forbidden = await transport.request({ path: '/forbidden' });
    expect([forbidden.status, bodyOf(forbidden)]).toEqual([
      403,
      { error: 'FORBIDDEN', reason: 'FORBIDDEN: not yours' },
    ]);
    expect(errors).toEqual([]);
    const bug = await transport.request({ path: '/bug' });
    expect([bug.status, bodyOf(bug)]).toEqual([500, { error: 'INTERNAL', reason: 'INTERNAL' }]);
    expect(errors.length).toBe(1);
  });

  it('JSON is kept by nobody', () => {
    expect(jsonReply(200, {}).headers).toMatchObject({ 'cache-control': 'no-store' });
  });
});

describe('health', () => {
  it('/healthz answers while the process does; /readyz only while it takes connections', async () => {
    let isReady = true;
    const transport = serve(
      healthRoutes({ isReady: () => isReady, keys: () => 'at hand' as const, costlyDocuments: () => 0 }),
    );
    expect((await transport.request({ path: '/readyz' })).status).toBe(200);
    isReady = false;
    expect((await transport.request({ path: '/readyz' })).status).toBe(503);
    expect((await transport.request({ path: '/healthz' })).status).toBe(200);
  });

  it('O17: /readyz says when tokens cannot be checked, and when by keys that may be old', async () => {
    const ask = async (keys: 'at hand' | 'old' | 'missing') => {
      const transport = serve(
        healthRoutes({ isReady: () => true, keys: () => keys, costlyDocuments: () => 0 }),
      );
      const answer = await transport.request({ path: '/readyz' });
      return [answer.status, bodyOf(answer)];
    };
    expect(await ask('at hand')).toEqual([200, { status: 'ready' }]);
    expect(await ask('old')).toMatchObject([
      200,
      { status: 'ready', keys: expect.stringContaining('cannot be fetched') as string },
    ]);
    expect(await ask('missing')).toMatchObject([
      503,
      { status: 'not ready', keys: expect.stringContaining('nobody is let in') as string },
    ]);
  });

  it('V5, A1: /healthz counts documents that load slowly, and names none', async () => {
    const transport = serve(
      healthRoutes({ isReady: () => true, keys: () => 'at hand' as const, costlyDocuments: () => 2 }),
    );
    const answer = await transport.request({ path: '/healthz' });
    expect(bodyOf(answer)).toEqual({ status: 'ok', costlyDocuments: 2 });
  });
});

describe('the demo', () => {
  const key = 'a key of the demo, long enough for anything';
  const clock = createFakeClock();

  /** The documents that were deleted, by their names on the server. */
  let deleted: string[] = [];

  beforeEach(() => {
    deleted = [];
  });

  function serveDemo(store = new ControlledStore()): MemoryTransport {
    let own: Promise<Authenticator> | undefined;
    const authenticator = (): Promise<Authenticator> =>
      (own ??= createJwtAuthenticator({ secret: key }, { clock }));
    return serve(
      demoRoutes({
        store,
        clock,
        key,
        authenticator: {
          authenticate: async (token) => (await authenticator()).authenticate(token),
          authorize: async (claims, document) => (await authenticator()).authorize(claims, document),
        },
        deleteDocument: (name) => {
          deleted.push(name);
          return Promise.resolve(true);
        },
      }),
    );
  }

  async function demoToken(demo: MemoryTransport, access: 'read' | 'write'): Promise<string> {
    const body = JSON.stringify({ user: 'ann', name: 'Ann', access });
    const reply = await demo.request({ method: 'POST', path: '/demo/token', body });
    return (bodyOf(reply) as { token: string }).token;
  }

  it('U62 who may write a document of the demo may delete it, and nobody else: no reader, no stranger, no other document', async () => {
    const demo = serveDemo();
    const ask = (token: string, document: unknown): Promise<HttpReply> =>
      demo.request({
        method: 'POST',
        path: '/demo/delete',
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        body: JSON.stringify({ document }),
      });
    const writer = await demoToken(demo, 'write');
    const reply = await ask(writer, 'page');
    expect([reply.status, bodyOf(reply)]).toEqual([200, { deleted: true }]);
    expect(deleted).toEqual(['demo/page']);
    for (const [token, document, status, error] of [
      [await demoToken(demo, 'read'), 'page', 403, 'FORBIDDEN'],
      ['', 'page', 401, 'TOKEN_MISSING'],
      ['no token', 'page', 401, 'TOKEN_MISSING'],
      [writer, '', 400, 'FRAME_MALFORMED'],
      [writer, 7, 400, 'FRAME_MALFORMED'],
    ] as const) {
      const refused = await ask(token, document);
      expect([refused.status, (bodyOf(refused) as { error: string }).error]).toEqual([status, error]);
    }
    // Of a subdocument the rights of the document count that it hangs in, as when it is opened.
    const docs = [
      { pattern: 'demo/page', access: 'read' },
      { pattern: 'demo/page/**', access: 'write' },
    ] as const;
    const token = await signToken({ secret: key, sub: 'bob', docs }, clock);
    expect((await ask(token, 'page/~part')).status).toBe(403);
    expect(deleted).toEqual(['demo/page']);
  });

  it('A1: gives tokens for documents of the demo, for ten minutes, and for nothing else', async () => {
    const reply = await serveDemo().request({
      method: 'POST',
      path: '/demo/token',
      body: JSON.stringify({
        user: 'ann',
        name: 'Ann',
        access: 'write',
        docs: [{ pattern: '**', access: 'write' }],
      }),
    });
    expect(reply.status).toBe(200);
    const { token, user, expiresAt } = bodyOf(reply) as { token: string; user: string; expiresAt: number };
    expect([user, expiresAt]).toEqual(['ann', clock.now() + 600_000]);
    const authenticator = await createJwtAuthenticator({ secret: key }, { clock });
    const claims = await authenticator.authenticate(token);
    expect(claims).toMatchObject({ sub: 'demo:ann', name: 'Ann', exp: expiresAt / 1000 });
    expect(await authenticator.authorize(claims, parseDocumentName('demo/page'))).toBe('write');
    expect(await authenticator.authorize(claims, parseDocumentName('other/page'))).toBe('none');
    expect(await authenticator.authorize(claims, parseDocumentName('demo'))).toBe('none');
  });

  it('A1: gives tokens for the notebook whose id is named, and for nothing else', async () => {
    const notebook = 'abcdefgh01234567';
    const body = JSON.stringify({ user: 'ann', name: 'Ann', access: 'write', notebook });
    const reply = await serveDemo().request({ method: 'POST', path: '/demo/token', body });
    const authenticator = await createJwtAuthenticator({ secret: key }, { clock });
    const claims = await authenticator.authenticate((bodyOf(reply) as { token: string }).token);
    const access = (name: string): unknown => authenticator.authorize(claims, parseDocumentName(name));
    expect(await access(`notebook/${notebook}`)).toBe('write');
    expect(await access(`notebook/${notebook}/a-note`)).toBe('write');
    for (const other of ['notebook', 'notebook/another', `notebook/${notebook}0`, 'demo/page'])
      expect(await access(other), other).toBe('none');
  });

  it('Q18 a token for a note reads that note, and opens nothing else of its notebook', async () => {
    const notebook = 'abcdefgh01234567';
    const body = JSON.stringify({ user: 'b', name: 'B', access: 'read', notebook, note: 'a1b2c3d4' });
    const reply = await serveDemo().request({ method: 'POST', path: '/demo/token', body });
    const authenticator = await createJwtAuthenticator({ secret: key }, { clock });
    const claims = await authenticator.authenticate((bodyOf(reply) as { token: string }).token);
    const access = (name: string): unknown => authenticator.authorize(claims, parseDocumentName(name));
    expect(await access(`notebook/${notebook}/a1b2c3d4`)).toBe('read');
    for (const other of [`notebook/${notebook}`, `notebook/${notebook}/a1b2c3d5`, 'demo/page'])
      expect(await access(other), other).toBe('none');
  });

  it('A4: a reader’s token only reads', async () => {
    const body = JSON.stringify({ user: 'bob', name: 'Bob', access: 'read' });
    const reply = await serveDemo().request({ method: 'POST', path: '/demo/token', body });
    const authenticator = await createJwtAuthenticator({ secret: key }, { clock });
    const claims = await authenticator.authenticate((bodyOf(reply) as { token: string }).token);
    expect(await authenticator.authorize(claims, parseDocumentName('demo/page'))).toBe('read');
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['no object', '"text"'],
    ['null', 'null'],
    ['no user', '{"name":"a","access":"read"}'],
    ['an empty user', '{"user":"","name":"a","access":"read"}'],
    ['a long name', JSON.stringify({ user: 'a', name: 'x'.repeat(101), access: 'read' })],
    ['half a character', '{"user":"a","name":"\\ud83d","access":"read"}'],
    ['a number for a user', '{"user":1,"name":"a","access":"read"}'],
    ['an access that is none', '{"user":"a","name":"a","access":"admin"}'],
    [
      'a notebook that is a pattern',
      '{"user":"a","name":"a","access":"read","notebook":"aaaaaaaaaaaaaaaa/**"}',
    ],
    ['a notebook of stars', '{"user":"a","name":"a","access":"read","notebook":"****************"}'],
    [
      'a note that is a pattern',
      '{"user":"a","name":"a","access":"read","notebook":"aaaaaaaaaaaaaaaa","note":"********"}',
    ],
    ['a notebook easily guessed', '{"user":"a","name":"a","access":"read","notebook":"mine"}'],
  ])('O1: %s for a request is 400', async (_what, body) => {
    const reply = await serveDemo().request({ method: 'POST', path: '/demo/token', body });
    expect([reply.status, (bodyOf(reply) as { error: string }).error]).toEqual([400, 'FRAME_MALFORMED']);
    expect(errors).toEqual([]);
  });

  it('lists documents of the demo, by their names in it', async () => {
    const store = new ControlledStore();
    const update = Uint8Array.of(0, 0);
    for (const name of ['demo/b', 'demo/a/c', 'demos', 'private']) {
      await store.append([
        { document: parseDocumentName(name), records: [{ offset: 1, time: 5, author: '', update }] },
      ]);
    }
    const reply = await serveDemo(store).request({ path: '/demo/documents' });
    expect(bodyOf(reply)).toEqual({
      documents: [
        { name: 'a/c', changedAt: 5, bytes: 2 },
        { name: 'b', changedAt: 5, bytes: 2 },
      ],
    });
  });
});
