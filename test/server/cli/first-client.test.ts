// The first minutes of somebody who has started a server: what it prints and shows, and that this runs as it stands.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Peer } from '../../support/peer.js';
import { linkProject } from '../../support/linked-project.js';
import { directoryForTest, serverForTest } from '../../support/test-server.js';

const command = fileURLToPath(new URL('../../../dist/server/cli/main.js', import.meta.url));

test('U44 serve --auth none prints a client of five lines, which runs as it stands, and the address of a page that has it', async () => {
  const folder = await directoryForTest();
  const flags = [
    '--auth',
    'none',
    '--port',
    '0',
    '--base-path',
    '/sync',
    '--log-format',
    'pretty',
    '--data',
    `${folder}/data`,
  ];
  const server = spawn(process.execPath, [command, 'serve', ...flags]);
  let printed = '';
  server.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  onTestFinished(async () => {
    server.kill();
    await once(server, 'close');
  });
  await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/toString\(\)\)\);\n/);
  const [, page = '', client = ''] =
    /\((http:\/\/localhost:\d+\/sync\/) shows it, too\):\n\n([\s\S]+?;)\n(?=\n|$)/.exec(printed)!;
  expect(client.split('\n')).toHaveLength(5);
  expect(await (await fetch(page)).text()).toContain(`<pre><code>${client}</code></pre>`);

  linkProject(folder, ['yjs']);
  await writeFile(`${folder}/client.js`, client);
  const running = spawn(process.execPath, ['client.js'], { cwd: folder });
  let said = '';
  for (const stream of [running.stdout, running.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  onTestFinished(async () => {
    running.kill();
    await once(running, 'close');
  });
  const other = await new Peer(`${page.replace('http', 'ws')}notes`).synced();
  onTestFinished(() => other.close());
  other.doc.getText('body').insert(0, 'Hello, Ada');
  await expect.poll(() => said, { timeout: 20_000 }).toBe('Hello, Ada\n');
});

test('U44 the page is there only where no token is asked for, and nothing of the request stands in it', async () => {
  const open = await serverForTest({ auth: 'none' });
  const page = await fetch(`http://127.0.0.1:${open.port}/`);
  expect(page.headers.get('content-security-policy')).toBe("default-src 'none'; style-src 'unsafe-inline'");
  expect(await page.text()).toContain(`new HeddleProvider('ws://127.0.0.1:${open.port}', 'notes', doc)`);
  for (const host of [`a"><script>x</script>`, `a',alert(1),'`, 'a/b']) {
    const asked = request({ host: '127.0.0.1', port: open.port, headers: { host } }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(await textOf(response)).toContain("new HeddleProvider('ws://localhost', 'notes', doc)");
  }
  const below = await serverForTest({ auth: 'none', basePath: "/sy'nc" });
  const shown = await (await fetch(`http://127.0.0.1:${below.port}/sy'nc/`)).text();
  expect(shown).toContain(`new HeddleProvider('ws://127.0.0.1:${below.port}/sy%27nc', 'notes', doc)`);
  expect(shown).toContain('href="healthz"');
  const { port } = await serverForTest({ auth: { secret: 'a secret of at least thirty-two bytes' } });
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
});
