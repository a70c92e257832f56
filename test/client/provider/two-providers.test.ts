// One Y.Doc in two providers: on two servers, or on one server twice.

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleProvider } from '../../../client/index.js';
import { until } from '../../support/peer.js';
import { serverForTest } from '../../support/test-server.js';

function provider(url: string, name: string, doc: Y.Doc, options = {}): HeddleProvider {
  const one = new HeddleProvider(url, name, doc, {
    WebSocketPolyfill: WebSocket,
    offline: false,
    ...options,
  });
  onTestFinished(() => one.destroy());
  return one;
}

it.each(['two servers', 'one server, two names', 'one server, one name'])('K46: %s', async (where) => {
  const first = await serverForTest();
  const second = where === 'two servers' ? await serverForTest() : first;
  const doc = new Y.Doc();
  const all = [
    provider(first.url, 'notes', doc),
    provider(second.url, where === 'one server, two names' ? 'other' : 'notes', doc),
  ];
  const told: number[] = [];
  for (const one of all) one.on('client-id-conflict', ({ clientId }) => told.push(clientId));
  const text = doc.getText('text');
  for (let i = 0; i < 20; i++) {
    text.insert(0, 'x');
    if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await until(() => all.every(({ status }) => status.phase === 'synced'), 'synced');
  text.insert(0, 'y');
  await new Promise((resolve) => setTimeout(resolve, 300));
  await Promise.all(all.map((one) => one.sync()));
  expect([told, all.map(({ status }) => status.reason?.kind)]).toEqual([[], [undefined, undefined]]);
});
