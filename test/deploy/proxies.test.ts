// The pages of deploy/ in real proxies, which terminate TLS in front of a real server.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { longPoll } from '../../client/connection/long-poll.js';
import { webSockets } from '../../client/connection/socket.js';
import { systemClock } from '../../shared/clock.js';
import { nativeClient } from '../interop/native-client.js';
import { until } from '../support/peer.js';
import { connectStock } from '../support/stock-client.js';
import {
  recordingLogger,
  startServer,
  testSecret,
  tokenFor,
  type TestServer,
} from '../support/test-server.js';
import { hasProxy, ProxyProcess, type ProxyKind } from './proxy-process.js';
import { fetchWith, webSocketWith, type From } from './tls-clients.js';

type Client = ReturnType<typeof nativeClient>;
const cases = (['nginx', 'caddy'] as const).flatMap((kind) => [
  { kind, strips: true },
  { kind, strips: false },
]);
const there: Record<ProxyKind, boolean> = { nginx: hasProxy('nginx'), caddy: hasProxy('caddy') };

describe.each(cases)('$kind, which takes the prefix off: $strips', ({ kind, strips }) => {
  const logger = recordingLogger();
  const heard: string[] = [];
  let server: TestServer;
  let proxy: ProxyProcess;

  beforeAll(async () => {
    if (!there[kind]) return;
    server = await startServer({
      logger,
      auth: { secret: testSecret },
      trustedProxies: ['127.0.0.1'],
      onConnect: ({ remoteAddress }) => void heard.push(remoteAddress),
      ...(strips ? {} : { basePath: '/sync' }),
    });
    proxy = await ProxyProcess.start(kind, { upstream: server.port, strips });
  }, 120_000);

  afterAll(async () => {
    await proxy?.stop();
    await server?.close();
  });

  const byWebSocket = (document: string, token: string, from: From = {}): Client =>
    nativeClient(proxy.url, document, token, webSockets(webSocketWith(proxy.certificate, from)));
  const byPoll = (document: string, token: string, from: From = {}): Client =>
    nativeClient(proxy.url, document, token, longPoll(fetchWith(proxy.certificate, from), systemClock));
  const textOf = ({ doc }: Client): string => String(doc.getText('text'));
  const insert = ({ doc }: Client, text: string): void => doc.getText('text').insert(0, text);

  test.skipIf(!there[kind])(
    'T32 clients of every kind work, and come back when the proxy reloads',
    async () => {
      const token = await tokenFor('ann');
      const socket = byWebSocket('doc', token);
      const polled = byPoll('doc', token);
      const stock = connectStock({
        url: proxy.url,
        document: 'doc',
        protocols: ['heddle', token],
        WebSocketPolyfill: webSocketWith(proxy.certificate) as never,
      });
      onTestFinished(() => stock.close());
      await until(
        () => stock.provider.synced && socket.sync.phase === 'synced' && polled.sync.phase === 'synced',
        'all are here',
      );
      const all = (): string[] => [textOf(socket), textOf(polled), String(stock.ydoc.getText('text'))];
      const agree = (length: number): Promise<void> =>
        until(() => all().every((text) => text.length === length && text === all()[0]), 'all have the same');
      insert(socket, 'a');
      insert(polled, 'b');
      stock.ydoc.getText('text').insert(0, 'c');
      await agree(3);
      proxy.reload();
      await until(() => stock.closeCodes.length > 0, 'the stock client has lost its connection');
      insert(socket, 'd');
      insert(polled, 'e');
      stock.ydoc.getText('text').insert(0, 'f');
      await agree(6);
      expect(socket.connection.reason).toBeUndefined();
    },
  );

  test.skipIf(!there[kind])('T32 large messages pass both ways, by WebSocket and over HTTP', async () => {
    const token = await tokenFor('ann');
    // More than nginx takes in a request, if it is not told otherwise.
    const large = 'x'.repeat(1_500_000);
    const socket = byWebSocket('large', token);
    const polled = byPoll('large', token);
    await until(() => socket.sync.phase === 'synced' && polled.sync.phase === 'synced', 'both are here');
    socket.doc.getMap('m').set('socket', large);
    polled.doc.getMap('m').set('polled', large);
    const has = ({ doc }: Client): boolean => doc.getMap('m').size === 2;
    await until(() => has(socket) && has(polled), 'both have both');
    await until(() => socket.sync.phase === 'synced' && polled.sync.phase === 'synced', 'all is durable');
  });

  test.skipIf(!there[kind])(
    'T32 the server knows the client’s address, whatever the client says of it',
    async () => {
      const before = heard.length;
      const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' };
      const token = await tokenFor('ann');
      const one = byWebSocket('doc', token, { headers, localAddress: '127.0.0.2' });
      const other = byPoll('doc', token, { headers, localAddress: '127.0.0.3' });
      await until(() => one.sync.phase === 'synced' && other.sync.phase === 'synced', 'both are here');
      expect(heard.slice(before).sort()).toEqual(['127.0.0.2', '127.0.0.3']);
      const refused = byPoll('doc', 'no.good.token', { headers, localAddress: '127.0.0.4' });
      await until(() => refused.connection.reason !== undefined, 'the third is refused');
      expect(logger.lines.filter((line) => /TOKEN_INVALID.*"address":"127\.0\.0\.4"/.test(line))).not.toEqual(
        [],
      );
      expect(logger.lines.filter((line) => line.includes('203.0.113.9'))).toEqual([]);
      expect(logger.lines.filter((line) => line.includes('Forwarded and X-Forwarded-For'))).toEqual([]);
    },
  );
});
