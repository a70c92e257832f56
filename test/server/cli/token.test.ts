// Tokens from `heddle token`, believed by `heddle serve`, and never to be found in what the server prints.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, runHeddle, startServer, type ServerProcess } from '../../support/server-process.js';
import {
  connectStock,
  synced,
  until,
  type StockClient,
  type StockClientOptions,
} from '../../support/stock-client.js';

const secret = 'test secret that is long enough for HS256';
const places: readonly (readonly [string, (token: string) => Partial<StockClientOptions>])[] = [
  ['the subprotocols', (token) => ({ protocols: ['heddle', token] })],
  ['the query', (token) => ({ params: { token } })],
];

let server: ServerProcess;
let remove: () => Promise<void> = async () => {};
/** Every token of this file, to look for in the end. */
const tokens: string[] = [];
const clients: StockClient[] = [];

beforeAll(async () => {
  const folder = await makeFolder();
  remove = folder.remove;
  server = await startServer({ data: folder.path, flags: ['--jwt-secret', secret, '--log-level', 'debug'] });
});

afterAll(async () => {
  for (const client of clients) client.close();
  await server?.kill();
  await remove();
});

async function makeToken(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHeddle(['token', '--sub', 'ann', ...args], {
    env: { JWT_SECRET: secret },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const token = stdout.trim();
  expect(token.split('.').length).toBe(3);
  tokens.push(token);
  return token;
}

function connect(document: string, options: Partial<StockClientOptions>): StockClient {
  const client = connectStock({ url: server.url, document, ...options });
  clients.push(client);
  return client;
}

describe('tokens made by the command', () => {
  test.each(places)('A1 a stock client gets in with one in %s', async (place, options) => {
    const document = `notes/${place.replaceAll(' ', '-')}`;
    const token = await makeToken('--doc', 'notes/*:write');
    const [one, other] = [connect(document, options(token)), connect(document, options(token))];
    await synced(one);
    await synced(other);
    one.ydoc.getText('text').insert(0, 'hello');
    await until(() => other.ydoc.getText('text').toString() === 'hello', 'the other sees the edit');
  });

  test.each(places)(
    'A1 a stock client with a bad one in %s is told by close code 4401',
    async (_, options) => {
      const token = await makeToken('--doc', 'notes/*:write');
      // The last letter holds bits that do not count; the one before it does not.
      const forged = `${token.slice(0, -3)}${token.at(-3) === 'A' ? 'B' : 'A'}${token.slice(-2)}`;
      tokens.push(forged);
      const client = connect('notes/forged', options(forged));
      await until(() => client.closeCodes.includes(4401), 'the client is refused');
      expect(client.provider.synced).toBe(false);
    },
  );

  test('A1 a stock client is refused without one, and with one for other documents', async () => {
    const token = await makeToken('--doc', 'notes/*:write');
    const stranger = connect('notes/secret', {});
    await until(() => stranger.closeCodes.includes(4401), 'the stranger is refused');
    const guest = connect('diary', { params: { token } });
    await until(() => guest.closeCodes.includes(4403), 'the guest is refused');
  });

  test('A1 no output of the server holds a token or the secret, whatever was done with it', async () => {
    const token = await makeToken('--doc', 'notes/*:read');
    // Where else a token can end up: in a path, in a query of a page, in a header, in a broken upgrade.
    const http = server.url.replace('ws:', 'http:');
    for (const path of [`/?token=${token}`, `/${token}`, `/healthz?token=${token}`])
      await fetch(http + path, { headers: { authorization: `Bearer ${token}` } });
    const misled = connect(token, { params: { token } });
    await until(() => misled.closeCodes.length > 0, 'the misled client is refused');
    const { code } = await server.stop();
    expect(code).toBe(0);
    expect(server.stdout).toContain('"stopped"');
    for (const each of tokens) {
      const [header, payload, signature] = each.split('.') as [string, string, string];
      for (const part of [`${header}.${payload}`, payload, signature])
        expect(server.output).not.toContain(part);
    }
    expect(server.output).not.toContain(secret);
  });
});
