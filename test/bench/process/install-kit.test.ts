// H7 with a kit of one package, installed by the real npm from a registry on loopback.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { installKit } from '../../../bench/targets/install-kit.js';
import { TargetUnavailable } from '../../../bench/targets/target.js';

const name = 'a-tiny-peer';
const version = '1.2.3';
let folder = '';
let kit = { folder: '', label: 'a tiny peer' };
let registry: Awaited<ReturnType<typeof startRegistry>>;

/** Serves one package; `isBroken` makes it answer with an error. */
async function startRegistry(tarball: Buffer, integrity: string) {
  const state = { isBroken: false, downloads: 0 };
  const server = createServer((request, response) => {
    if (state.isBroken) return void response.writeHead(403).end();
    if (request.url?.endsWith('.tgz')) {
      state.downloads++;
      return void response.end(tarball);
    }
    const dist = { tarball: `http://127.0.0.1:${port}/${name}-${version}.tgz`, integrity };
    response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: version },
        versions: { [version]: { name, version, dist } },
      }),
    );
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { state, url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, JSON.stringify(value));
}

/** The package as npm packs it. */
async function pack(): Promise<Buffer> {
  const source = join(folder, 'source');
  await mkdir(source);
  await writeJson(join(source, 'package.json'), { name, version, type: 'module', exports: './index.js' });
  await writeFile(join(source, 'index.js'), `export const greeting = 'hello';`);
  await promisify(execFile)('npm', ['pack', '--pack-destination', folder], { cwd: source });
  return readFile(join(folder, `${name}-${version}.tgz`));
}

async function writeKit(path: string, integrity: string): Promise<void> {
  const dependencies = { [name]: version };
  await mkdir(path);
  await writeJson(join(path, 'package.json'), { name: 'kit', dependencies });
  await writeJson(join(path, 'package-lock.json'), {
    name: 'kit',
    lockfileVersion: 3,
    packages: { '': { name: 'kit', dependencies }, [`node_modules/${name}`]: { version, integrity } },
  });
  await writeFile(join(path, 'check.mjs'), `await import('${name}');`);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-test-'));
  const tarball = await pack();
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  kit = { folder: join(folder, 'kit'), label: 'a tiny peer' };
  await writeKit(kit.folder, integrity);
  registry = await startRegistry(tarball, integrity);
  vi.stubEnv('HEDDLE_BENCH_HOME', join(folder, 'home'));
  vi.stubEnv('npm_config_registry', registry.url);
  vi.stubEnv('npm_config_cache', join(folder, 'cache'));
  vi.stubEnv('npm_config_fetch_retries', '0');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  registry.close();
  await rm(folder, { recursive: true });
});

const installed = (): Promise<string[]> => readdir(join(folder, 'home/peers'));

describe('installing peers', () => {
  test('H7 installs once, what the lock file says, in a folder of its own', async () => {
    const lines: string[] = [];
    const home = await installKit(kit, (line) => lines.push(line));
    expect(home.startsWith(join(folder, 'home/peers'))).toBe(true);
    const manifest = await readFile(join(home, 'node_modules', name, 'package.json'), 'utf8');
    expect((JSON.parse(manifest) as { version: string }).version).toBe(version);
    expect(lines[0]).toBe('installing a tiny peer');
    expect(await readdir(kit.folder)).not.toContain('node_modules');

    registry.state.isBroken = true;
    lines.length = 0;
    expect(await installKit(kit, (line) => lines.push(line))).toBe(home);
    expect(lines).toEqual([]);
    expect(await installed()).toHaveLength(1);
  });

  test('H7 asked for twice at once, it installs once', async () => {
    const homes = await Promise.all([installKit(kit, () => {}), installKit(kit, () => {})]);
    expect(homes[0]).toBe(homes[1]);
    expect(registry.state.downloads).toBe(1);
  });

  test('H7 a changed manifest is another install', async () => {
    const home = await installKit(kit, () => {});
    await writeFile(join(kit.folder, 'start.mjs'), '');
    const other = await installKit(kit, () => {});
    expect(other).not.toBe(home);
    expect(existsSync(join(other, 'start.mjs'))).toBe(true);
  });

  test('H7 a broken install is done again', async () => {
    const home = await installKit(kit, () => {});
    await rm(join(home, 'node_modules', name), { recursive: true });
    expect(await installKit(kit, () => {})).toBe(home);
    expect(existsSync(join(home, 'node_modules', name, 'index.js'))).toBe(true);
    expect(await installed()).toHaveLength(1);
  });

  test('H7 what the registry does not give is named, leaves nothing, and can be had later', async () => {
    registry.state.isBroken = true;
    const refused = installKit(kit, () => {});
    await expect(refused).rejects.toThrow(TargetUnavailable);
    await expect(refused).rejects.toThrow(/^a tiny peer cannot be installed: npm failed .*403/);
    expect(await installed()).toEqual([]);
    registry.state.isBroken = false;
    expect(existsSync(await installKit(kit, () => {}))).toBe(true);
  });

  test('H7 a package that is not the one of the lock file is refused', async () => {
    await rm(kit.folder, { recursive: true });
    await writeKit(kit.folder, `sha512-${createHash('sha512').digest('base64')}`);
    const refused = installKit(kit, () => {});
    await expect(refused).rejects.toThrow(TargetUnavailable);
    await expect(refused).rejects.toThrow(/EINTEGRITY/);
    expect(await installed()).toEqual([]);
  });

  test('H7 what is installed and does not load is named', async () => {
    await writeFile(join(kit.folder, 'check.mjs'), `throw new Error('no such binding');`);
    const refused = installKit(kit, () => {});
    await expect(refused).rejects.toThrow(TargetUnavailable);
    await expect(refused).rejects.toThrow(/no such binding/);
    expect(await installed()).toEqual([]);
  });

  test('H7 without npm, that is said', async () => {
    vi.stubEnv('PATH', join(folder, 'nothing-here'));
    const refused = installKit(kit, () => {});
    await expect(refused).rejects.toThrow(TargetUnavailable);
    await expect(refused).rejects.toThrow(/npm cannot be run, is it on the PATH/);
  });
});
