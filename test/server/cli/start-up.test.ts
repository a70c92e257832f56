// What an operator can get wrong: one clear line, exit code 2, and nothing half-started.

import { once } from 'node:events';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeFolder, runHeddle, startServer, type RunOptions } from '../../support/server-process.js';

const secret = 'a secret of more than thirty-two bytes';
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

let base = '';
let remove: () => Promise<void> = async () => {};

beforeAll(async () => {
  const folder = await makeFolder();
  [base, remove] = [folder.path, folder.remove];
  await chmod(base, 0o755);
});

afterAll(() => remove());

/** A port that is taken until `release`. */
async function takenPort(): Promise<{ port: number; release: () => Promise<void> }> {
  const holder: Server = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  return {
    port: (holder.address() as AddressInfo).port,
    release: async () => {
      holder.close();
      await once(holder, 'close');
    },
  };
}

/** Runs something wrong: exit code 2 and one line on stderr, which is returned. The server never says it listens. */
async function refused(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await runHeddle(args, options);
  expect(stderr).toMatch(/^heddle: [^\n]+\n$/);
  expect(code).toBe(2);
  expect(stdout).not.toContain('listening');
  return stderr;
}

async function expectNothingAt(path: string): Promise<void> {
  await expect(readdir(path)).rejects.toThrow('ENOENT');
}

describe('bad usage', () => {
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no authentication', [], /no authentication configured: pass --jwt-secret/],
    ['an unknown flag', ['--auth', 'none', '--prot', '1'], /unknown option --prot; did you mean --port\?/],
    ['an argument', ['--auth', 'none', 'data'], /unexpected argument data/],
    [
      'a key file that is not there',
      ['--jwt-secret-file', '/nowhere/key'],
      /JWT secret file \/nowhere\/key cannot be read/,
    ],
    ['a public key that is not there', ['--jwt-public-key', '/nowhere/key'], /\/nowhere\/key cannot be read/],
    [
      'TLS files that are not there',
      ['--auth', 'none', '--tls-key', '/nowhere/key', '--tls-cert', '/nowhere/cert'],
      /TLS.* \/nowhere\/key cannot be read/,
    ],
    [
      'a config file that is not there',
      ['--config', '/nowhere/config.json'],
      /\/nowhere\/config.json cannot be read/,
    ],
    ['two kinds of key', ['--jwt-secret', secret, '--jwks-url', 'https://localhost/jwks'], /choose one/],
    ['no authentication, and a key', ['--auth', 'none', '--jwt-secret', secret], /choose one/],
    ['a port that is none', ['--auth', 'none', '--port', '70000'], /port/],
  ];
  test.each(wrong)('O1 serve refuses %s, and makes nothing', async (_, flags, message) => {
    const data = join(base, 'never');
    expect(await refused(['serve', '--data', data, ...flags])).toMatch(message);
    await expectNothingAt(data);
  });

  test('O1 a port in use is named, and nothing has been written', async () => {
    const data = join(base, 'port-in-use');
    const { port, release } = await takenPort();
    const message = await refused([
      'serve',
      '--auth',
      'none',
      '--port',
      String(port),
      '--host',
      '127.0.0.1',
      '--data',
      data,
    ]);
    expect(message).toBe(`heddle: port ${port} on 127.0.0.1 is in use\n`);
    await expect(readdir(data)).rejects.toMatchObject({ code: 'ENOENT' });
    await release();
    const server = await startServer({ data });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('O1 a data directory in use is named with its holder, and the port stays free', async () => {
    const data = join(base, 'held');
    const server = await startServer({ data });
    const { port, release } = await takenPort();
    await release();
    const message = await refused(['serve', '--auth', 'none', '--port', String(port), '--data', data]);
    expect(message).toMatch(/is in use by process \d+ since/);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    other.close();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('O1 a data directory that cannot be one is named', async () => {
    const file = join(base, 'a-file');
    await writeFile(file, 'not a directory');
    for (const data of [file, join(file, 'below')])
      expect(await refused(['serve', '--auth', 'none', '--port', '0', '--data', data])).toContain(file);
  });

  test('O1 a data directory that may not be read is named', async () => {
    const data = join(base, 'locked');
    await mkdir(data);
    await chmod(data, 0);
    const options = isRoot ? { uid: nobody } : {};
    expect(await refused(['serve', '--auth', 'none', '--port', '0', '--data', data], options)).toContain(
      data,
    );
    for (const command of ['docs', 'verify'])
      expect(await refused([command, '--data', data], options)).toContain(data);
    await chmod(data, 0o755);
    expect(await readdir(data)).toEqual([]);
  });

  test.each([
    ['an unknown command', ['server'], /unknown command "server"/],
    ['a missing argument', ['export', 'one'], /<file> is missing/],
    ['an argument too many', ['verify', 'one'], /unexpected argument/],
    ['an unknown flag', ['docs', '--dat', 'x'], /unknown option --dat; did you mean --data\?/],
    ['a name that is none', ['import', '..', 'file'], /NAME_INVALID/],
    ['a token without a secret', ['token', '--sub', 'ann', '--doc', '**:read'], /--secret is missing/],
    ['a token without rights', ['token', '--secret', secret, '--sub', 'ann'], /--doc is missing/],
  ])('O1 the command refuses %s', async (_, args, message) => {
    expect(await refused(args)).toMatch(message);
  });

  test('O1 help is printed for the command and each of its parts', async () => {
    const all = ['serve', 'token', 'docs', 'verify', 'compact', 'export', 'import', 'backup', 'restore'];
    const { code, stdout } = await runHeddle(['--help']);
    expect(code).toBe(0);
    for (const name of all) {
      expect(stdout).toContain(name);
      const help = await runHeddle([name, '--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toMatch(new RegExp(`^Usage: heddle ${name}`));
    }
  });
});
