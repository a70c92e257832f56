// When users were last seen, of a server that is killed while one of them is there.

import { afterAll, expect, test } from 'vitest';
import { createToken } from '../../token/index.js';
import type { RosterEntry } from '../../server/index.js';
import { connectStock, synced } from '../support/stock-client.js';
import { makeFolder, ServerProcess } from '../support/server-process.js';
import { testSecret } from '../support/test-server.js';

const cleanUps: (() => void | Promise<void>)[] = [];
afterAll(async () => {
  for (const clean of cleanUps.splice(0)) await clean();
});

test('P13: a server that was killed knows when its users were last there, right to a minute', async () => {
  const folder = await makeFolder();
  const flags = ['--jwt-secret', testSecret, '--admin-claim', 'admin'];
  const server = new ServerProcess({ data: folder.path, flags });
  cleanUps.push(() => server.kill(), folder.remove);
  await server.start();
  const tokenOf = (sub: string, more: object): Promise<string> =>
    createToken({
      secret: testSecret,
      sub,
      docs: [{ pattern: '**', access: 'write' }],
      ttlS: 600,
      claims: { ...more },
    });
  const authorization = `Bearer ${await tokenOf('op', { admin: true })}`;
  const ask = async (path: string): Promise<unknown> =>
    (
      await fetch(`http://127.0.0.1:${server.port}/api/v1/presence${path}`, { headers: { authorization } })
    ).json();
  const inDocument = async (): Promise<readonly RosterEntry[]> =>
    ((await ask('/document?name=a')) as { users: RosterEntry[] }).users;

  const client = connectStock({
    url: server.url,
    document: 'a',
    params: { token: await tokenOf('ada', {}) },
  });
  cleanUps.push(() => client.close());
  await synced(client);
  client.ydoc.getMap('m').set('a', 1);
  await expect.poll(async () => (await inDocument())[0]?.lastActive, { timeout: 10_000 }).toBeGreaterThan(0);
  // That ada is here is written within a second or two.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const killedAt = Date.now();
  await server.kill();
  client.close();
  await server.start();
  const [ada, ...others] = await inDocument();
  expect(others).toEqual([]);
  expect(ada).toMatchObject({ user: 'ada', isHere: false, devices: [] });
  expect(Math.abs(killedAt - ada!.lastSeen)).toBeLessThan(60_000);
  expect(await ask('')).toEqual({ users: [] });
  expect(await ask('/user?user=ada')).toMatchObject({ user: { user: 'ada', isHere: false } });
});
