// A server inside an application's process, which has nothing else to do: it ends in order, with clients connected.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { WebsocketProvider } from 'y-websocket';
import { makeFolder } from '../support/server-process.js';

const application = `
  import { createServer } from ${JSON.stringify(new URL('../../dist/server/index.js', import.meta.url).href)};
  const server = createServer({
    port: 0,
    data: process.argv[1],
    auth: 'none',
    changeDebounceMs: 60_000,
    onChange: ({ documentName }) => console.log('changed ' + documentName),
  });
  process.once('SIGTERM', async () => {
    await server.close();
    console.log('closed');
  });
  await server.listen();
  console.log('port ' + server.port);
`;

test('O3: a process that only closes its server lives until that is done, and its hooks are called', async () => {
  const folder = await makeFolder();
  onTestFinished(folder.remove);
  const child = spawn(process.execPath, ['--input-type=module', '-e', application, folder.path], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/port \d+/);
  const [, port] = /port (\d+)/.exec(said)!;
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${port}`, 'doc', doc, {
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
  });
  onTestFinished(() => provider.destroy());
  await expect.poll(() => provider.synced, { timeout: 10_000 }).toBe(true);
  const acknowledged = new Promise((resolve) => provider.ws?.addEventListener('message', resolve));
  doc.getText('text').insert(0, 'typed');
  await acknowledged;
  child.kill('SIGTERM');
  const [code] = (await once(child, 'close')) as [number];
  expect(said).toContain('changed doc');
  expect(said).toContain('closed');
  expect(code).toBe(0);
});
