// What the log says of clients that are refused, of connections and documents that come and go, and what it never says.

import { createHmac, randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { inspect } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { SyncError } from '../../shared/errors.js';
import type { LogFields, Logger } from '../../shared/logger.js';
import { until } from '../support/peer.js';
import { serverForTest, testSecret, tokenFor, type TestServer } from '../support/test-server.js';
import type { ServerOptions } from '../../server/options.js';
import { open, textOf, type } from '../client/provider/users.js';
import { stockProvider, stockVersions, untilSynced } from '../interop/stock-providers.js';

interface Line {
  readonly level: keyof Logger;
  readonly fields: LogFields;
  readonly message: string;
}

let lines: Line[];
let server: TestServer;

const logger = Object.fromEntries(
  (['debug', 'info', 'warn', 'error'] as const).map((level) => [
    level,
    (fields: LogFields, message: string) => lines.push({ level, fields, message }),
  ]),
) as unknown as Logger;

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await serverForTest({ auth: { secret: testSecret }, logger, ...options });
}

beforeEach(() => {
  lines = [];
});

const said = (message: string): Line[] => lines.filter((line) => line.message === message);

async function untilSaid(message: string, count = 1): Promise<Line> {
  await until(() => said(message).length >= count, `"${message}" is logged`);
  return said(message)[count - 1]!;
}

/** Signed with a key of this id, by this secret. */
function tokenWith(kid: string, sub: string, secret = testSecret): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const docs = [{ pattern: '**', access: 'write' }];
  const exp = Math.floor(Date.now() / 1000) + 600;
  const body = `${part({ alg: 'HS256', kid })}.${part({ sub, exp, docs })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** How a socket of a page ended. */
function ended(path: string, token: string, origin = 'https://app.example'): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${server.url}${path}`, ['heddle', token], { origin });
    socket.on('close', (code) => resolve(code));
    socket.on('error', () => {});
  });
}

describe('a refusal', () => {
  test('O15 of a connection has its code, document, key id, address and origin, and no user that nobody has proved', async () => {
    await start();
    expect(await ended('/notes/a', tokenWith('key-7', 'mallory', 'another secret of thirty-two bytes'))).toBe(
      4401,
    );
    const { level, fields } = await untilSaid('a connection was refused');
    expect(level).toBe('info');
    expect(fields).toMatchObject({
      code: 'TOKEN_INVALID',
      document: 'notes/a',
      kid: 'key-7',
      address: '127.0.0.1',
      origin: 'https://app.example',
      connection: expect.stringMatching(/^c\d+$/) as string,
    });
    expect(fields['sub']).toBeUndefined();
    expect(inspect(lines)).not.toContain('mallory');
  });

  test('O15 of a document has the user, for our own client and for stock ones', async () => {
    await start({ authorize: (_claims, name) => (name === 'public' ? 'write' : 'none') });
    expect(await ended('/secret', tokenWith('key-8', 'ann'))).toBe(4403);
    expect((await untilSaid('a connection was refused')).fields).toMatchObject({
      code: 'FORBIDDEN',
      document: 'secret',
      sub: 'ann',
      kid: 'key-8',
    });
    const ours = open(server.url, 'secret', { token: tokenWith('key-9', 'bob') });
    await until(() => ours.status.reason?.kind === 'forbidden', 'ours is refused');
    expect((await untilSaid('a document was refused')).fields).toMatchObject({
      code: 'FORBIDDEN',
      document: 'secret',
      sub: 'bob',
      kid: 'key-9',
      address: '127.0.0.1',
      connection: expect.stringMatching(/^c\d+$/) as string,
    });
    expect([said('a connection was refused').length, said('a document was refused').length]).toEqual([1, 1]);
  });

  test('O15 before the upgrade is one line too', async () => {
    await start({ origins: ['https://app.example'] });
    await ended('/notes/a', await tokenFor('ann'), 'https://evil.example');
    expect((await untilSaid('a connection was refused')).fields).toMatchObject({
      code: 'FORBIDDEN',
      document: 'notes/a',
      origin: 'https://evil.example',
      address: '127.0.0.1',
    });
    await ended('/a/../b%00', await tokenFor('ann'));
    expect((await untilSaid('a connection was refused', 2)).fields).toMatchObject({ code: 'NAME_INVALID' });
  });

  test('O15 of what a reader writes is one line in ten seconds', async () => {
    await start();
    const token = await tokenFor('reader', [{ pattern: '**', access: 'read' }]);
    const reader = open(server.url, 'notes/a', { token });
    const stock = stockProvider(stockVersions.at(-1)!, server.url, 'notes/b', {
      protocols: ['heddle', token],
    });
    await Promise.all([reader.whenSynced, untilSynced(stock)]);
    for (let i = 0; i < 20; i++) stock.doc.getText('text').insert(0, 'x');
    const { fields } = await untilSaid('an update was refused');
    expect(fields).toMatchObject({ code: 'READ_ONLY', document: 'notes/b', sub: 'reader' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(said('an update was refused').length).toBe(1);
  });

  test('O15 of a call and of a token has its line', async () => {
    await start({
      onCall: () => {
        throw new SyncError('FORBIDDEN', 'not for you');
      },
    });
    const client = open(server.url, 'notes/a', { token: await tokenFor('ann') });
    await client.whenSynced;
    await expect(client.connection.call('purge', new Uint8Array(0))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect((await untilSaid('a call was refused')).fields).toMatchObject({
      code: 'FORBIDDEN',
      method: 'purge',
      sub: 'ann',
    });
  });
});

describe('the log at debug level', () => {
  test('O16 follows a connection and a document from their beginning to their end', async () => {
    await start();
    const client = open(server.url, 'notes/a', { token: tokenWith('key-1', 'ann') });
    await client.whenSynced;
    client.destroy();
    await untilSaid('a connection has closed');
    const about = (connection: unknown): string[] =>
      lines.filter(({ fields }) => fields['connection'] === connection).map(({ message }) => message);
    const { connection } = said('a connection was let in')[0]!.fields;
    expect(about(connection)).toEqual([
      'a connection has opened',
      'a native client says hello',
      'a connection was let in',
      'a document was opened',
      'a document was left',
      'a connection has closed',
    ]);
    expect(said('a document was loaded')[0]!.fields).toMatchObject({ document: 'notes/a', isNew: true });
    expect(said('a connection was let in')[0]!.fields).toMatchObject({ sub: 'ann', kid: 'key-1' });
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  });
});

describe('the whole log of a run', () => {
  test('O19 holds no token and nothing of any content, whatever goes wrong', async () => {
    // Each is found whatever is cut off at its ends.
    const marker = (): string => randomBytes(12).toString('hex');
    const [content, key, name, refused, called] = [marker(), marker(), marker(), marker(), marker()];
    await start({
      onCall: () => {
        throw new SyncError('CALL_FAILED', 'no');
      },
      onConnect: ({ claims }) => {
        if (claims.sub === 'unwanted') throw new Error('not wanted');
      },
      limits: { maxKeyBytes: 100, maxAwarenessBytes: 500 },
    });
    const tokens = await Promise.all(['ann', 'unwanted'].map((sub) => tokenFor(sub)));
    const reading = await tokenFor('reader', [{ pattern: '**', access: 'read' }]);
    const [own, foreign] = [
      tokenWith('k', 'ann'),
      tokenWith('k', 'ann', 'another secret of thirty-two bytes'),
    ];
    const all = [...tokens, reading, own, foreign];
    const client = open(server.url, 'notes/a', { token: tokens[0]! });
    await client.whenSynced;
    type(client, content);
    client.doc.getMap(key).set(key, { [key]: content });
    client.setAwarenessField('user', { name });
    await client.sync();
    client.awareness.setLocalStateField('large', name.repeat(100));
    await client.connection.call(`m-${called.slice(0, 3)}`, Buffer.from(called)).catch(() => undefined);
    client.doc.getMap('map').set(`${refused}${'k'.repeat(200)}`, refused);
    await client.sync().catch(() => undefined);
    // A stock client sends what ours would find before it is sent.
    const stock = stockProvider(stockVersions.at(-1)!, server.url, 'notes/b', { protocols: ['heddle', own] });
    await untilSynced(stock);
    stock.doc.getMap('map').set(`${refused}${'k'.repeat(200)}`, refused);
    await untilSaid('a connection was refused');
    const reader = open(server.url, 'notes/a', { token: reading, offline: false });
    await reader.whenSynced;
    type(reader, refused);
    expect(textOf(reader)).toContain(content);
    await ended('/notes/c', foreign);
    await ended('/notes/c', tokens[1]!);
    await ended(`/notes/c?token=${foreign}`, 'other');
    await ended(`/${own}`, foreign);
    await new Promise((resolve) => get(`http://127.0.0.1:${server.port}/x?token=${own}`, resolve));
    const socket = new WebSocket(`${server.url}/notes/d`, ['heddle', own]);
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(Buffer.concat([Buffer.from([0, 2, 200, 1]), Buffer.from(content.repeat(10))]));
    await new Promise((resolve) => socket.once('close', resolve));
    await server.server.documents.import('notes/e', Buffer.from(content)).catch(() => undefined);
    await server.server.documents.delete('notes/a');
    await server.close();

    const everything = inspect(lines, {
      depth: Infinity,
      maxStringLength: Infinity,
      maxArrayLength: Infinity,
      showHidden: true,
    });
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.some(({ message }) => message.includes('refused'))).toBe(true);
    for (const token of all) {
      const [, payload = '', signature = ''] = token.split('.');
      expect(everything).not.toContain(signature);
      expect(everything).not.toContain(payload);
    }
    for (const secret of [content, key, name, refused, called]) expect(everything).not.toContain(secret);
    // In bytes, too, as an error may carry a buffer.
    const bytes = inspect(Buffer.from(content)).slice(8, 40);
    expect(everything).not.toContain(bytes);
  });
});

test('O15 key ids that are no texts, or look like tokens, harm nothing', async () => {
  await start();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signature = 'c2lnbmF0dXJl';
  for (const header of [{ alg: 'HS256', kid: 7 }, { alg: 'HS256', kid: tokenWith('k', 'x') }, ['kid'], null])
    await ended('/a', `${part(header)}.${part({})}.${signature}`);
  await untilSaid('a connection was refused', 3);
  for (const { fields } of said('a connection was refused'))
    expect([undefined, '[redacted]']).toContain(fields['kid']);
});
