// P8: what clients have asked for at their end happens once, also when the server is killed and started again in the meantime.

import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeddleProvider } from '../../client/index.js';
import { makeFolder, ServerProcess } from '../support/server-process.js';
import { until } from '../support/stock-client.js';

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
});

const awayMs = 2_000;

function client(url: string): HeddleProvider {
  const made = new HeddleProvider(url, 'notes', new Y.Doc(), { WebSocketPolyfill: WebSocket, tabs: false });
  cleanup.push(() => made.destroy());
  return made;
}

const peopleOf = ({ doc }: HeddleProvider): Record<string, unknown> => doc.getMap('people').toJSON();

test('P8 a server that is killed keeps what it has promised: to who is gone, not to who comes back', async () => {
  const folder = await makeFolder();
  cleanup.push(folder.remove);
  const flags = ['--auth', 'none', `--max-away-ms=${awayMs}`];
  const server = new ServerProcess({ data: folder.path, flags });
  await server.start();
  cleanup.push(() => server.kill());
  const [gone, back, watcher] = [client(server.url), client(server.url), client(server.url)];
  for (const [name, one] of [
    ['gone', gone],
    ['back', back],
  ] as const)
    await one.onDisconnect(['people', name]).set('away');
  await server.kill();
  // Its page is closed while there is no server.
  gone.destroy();
  await server.start();
  await until(() => back.synced && watcher.synced, 'they are back');
  await until(() => peopleOf(watcher)['gone'] === 'away', 'it is changed', 30_000);
  watcher.doc.getMap('people').set('gone', 'changed since');
  await watcher.sync();
  await server.kill();
  await server.start();
  await until(() => back.synced && watcher.synced, 'they are back again');
  await new Promise((resolve) => setTimeout(resolve, 3 * awayMs + 1_000));
  expect(peopleOf(watcher)).toEqual({ gone: 'changed since' });
  back.destroy();
  await until(() => peopleOf(watcher)['back'] === 'away', 'it is changed too', 30_000);
}, 120_000);
