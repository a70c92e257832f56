// How the token of a stock client is replaced: it is closed with 4401, given another token, and connected again.

import { expect, test, vi } from 'vitest';
import { Peer, until } from '../support/peer.js';
import {
  serverForTest,
  storedDocument,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';
import { stockProvider, stockVersions, textOf, untilSynced, type StockVersion } from './stock-providers.js';

const auth = { secret: testSecret };

/** Versions 1.x have no subprotocols: their token is in the address. */
function hasProtocols({ version }: StockVersion): boolean {
  return !version.startsWith('1.');
}

function withToken(version: StockVersion, url: string, token: string): ReturnType<typeof stockProvider> {
  const options = hasProtocols(version) ? { protocols: ['heddle', token] } : { params: { token } };
  return stockProvider(version, url, 'doc', options);
}

/** As the README says it. */
function renewing(version: StockVersion, { url }: TestServer, first: string, next: () => Promise<string>) {
  const provider = withToken(version, url, first);
  const closed: number[] = [];
  provider.on('connection-close', async (event) => {
    if (event === null || event.code !== 4401) return;
    closed.push(event.code);
    const token = await next();
    if (hasProtocols(version)) provider.protocols = ['heddle', token];
    else Object.assign(provider, { url: `${url}/doc?token=${token}` });
    provider.connect();
  });
  return { provider, closed };
}

test.each(stockVersions)(
  'A13: y-websocket $version renews an expired token, and loses no edit',
  async (version) => {
    const server = await serverForTest({ auth });
    const witness = await new Peer(`${server.url}/doc`, { token: await tokenFor('bob') }).synced();
    const { provider, closed } = renewing(version, server, await tokenFor('ada', undefined, 1), () =>
      tokenFor('ada'),
    );
    await untilSynced(provider);
    let written = 0;
    const typing = setInterval(() => provider.doc.getText('text').insert(0, String(written++ % 10)), 20);
    await until(() => closed.length > 0, 'it was closed');
    await until(() => provider.wsconnected && provider.synced, 'it is back');
    clearInterval(typing);
    await until(
      () => witness.text === textOf(provider) && witness.text.length === written,
      'all of it is there',
    );
    await expect
      .poll(async () => (await storedDocument(server.store!, 'doc')).getText('text').length)
      .toBe(written);
  },
);

test.each(stockVersions)(
  'A13: y-websocket $version is out after a revocation, and back with a new token',
  async (version) => {
    const server = await serverForTest({ auth });
    const { provider, closed } = renewing(version, server, await tokenFor('ada'), async () => {
      // A token of the same second as the revocation is over, too.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      return tokenFor('ada');
    });
    await untilSynced(provider);
    await server.server.users.revoke({ user: 'ada' });
    await until(() => closed.length > 0, 'it was closed');
    provider.doc.getText('text').insert(0, 'meanwhile');
    await until(() => provider.wsconnected && provider.synced, 'it is back');
    await expect
      .poll(async () => (await storedDocument(server.store!, 'doc')).getText('text').toString())
      .toBe('meanwhile');
  },
);

test.each(stockVersions)(
  'A13: y-websocket $version brings up what was refused when it may write again',
  async (version) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const server = await serverForTest({ auth });
    const { users } = server.server;
    const witness = await new Peer(`${server.url}/doc`, { token: await tokenFor('bob') }).synced();
    const provider = await untilSynced(withToken(version, server.url, await tokenFor('ada')));
    await users.setAccess('ada', '**', 'read');
    provider.doc.getText('text').insert(0, 'held');
    await until(() => warn.mock.calls.length > 0, 'it is told');
    expect(witness.text).toBe('');
    await users.setAccess('ada', '**', null);
    await until(() => witness.text === 'held', 'it is there');
    expect(provider.wsconnected).toBe(true);
    vi.restoreAllMocks();
  },
);
