// Our own client and stock providers in one room, over real sockets and with real tokens.

import { expect, test } from 'vitest';
import type * as Y from 'yjs';
import { until } from '../support/peer.js';
import { serverForTest } from '../support/test-server.js';
import { nativeClient } from './native-client.js';
import { cut, stockProvider, stockVersions, textOf, untilSynced } from './stock-providers.js';

const textIn = (doc: Y.Doc): string => doc.getText('text').toString();

test.each(stockVersions)('C1: ours and y-websocket $version edit one document', async (version) => {
  const { url } = await serverForTest();
  const stock = stockProvider(version, url, 'room');
  const native = nativeClient(`${url}/`, 'room');
  await untilSynced(stock);
  await until(() => native.sync.phase === 'synced', 'ours is synced');
  for (let i = 0; i < 50; i++) {
    native.doc.getText('text').insert(0, 'n');
    stock.doc.getText('text').insert(0, 's');
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until(() => native.sync.unsynced === 0, 'ours is durable');
  await until(() => textOf(stock) === textIn(native.doc), 'both have the same');
  expect(textIn(native.doc).length).toBe(100);
  cut(stock);
  native.doc.getText('text').insert(0, 'meanwhile ');
  await until(() => textOf(stock) === textIn(native.doc), 'the stock client is back');
});
