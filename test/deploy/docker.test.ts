// The Dockerfile without Docker: what it says, and that its commands do what they are for, in folders of this machine.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../bench/targets/free-port.js';
import { environmentNames } from '../../server/config/option.js';
import { serveOptions } from '../../server/config/option-table.js';
import { serverPackages } from '../../server/server-packages.js';
import { until } from '../support/stock-client.js';
import { commandOf, environmentOf, readDockerfile, valuesOf, type Stage } from './dockerfile.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const stages = readDockerfile(read('Dockerfile'));
const last = stages.at(-1)!;
const isRoot = process.getuid?.() === 0;

test('T34 the image is slim, of a fixed version, and starts the server as a user without rights', () => {
  expect(stages.length).toBeGreaterThan(1);
  for (const { image } of stages) expect(image).toMatch(/^node:\d+-\w+-slim$/);
  expect(valuesOf(last, 'USER')).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
  // A shell in between would not pass SIGTERM on.
  for (const name of ['ENTRYPOINT', 'CMD'])
    expect(commandOf(valuesOf(last, name)[0] ?? '').length).toBeGreaterThan(0);
  expect(valuesOf(last, 'HEALTHCHECK').join()).toContain('/readyz');
  const { DATA_DIR, ...environment } = environmentOf(last);
  expect(commandOf(valuesOf(last, 'VOLUME')[0] ?? '')).toEqual([DATA_DIR]);
  expect(environment).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '1234' });
  const install = valuesOf(last, 'RUN').join('\n');
  for (const [name, version] of Object.entries(serverPackages))
    expect(install).toContain(`${name}@${version}`);
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version: string }>;
  };
  expect(install).toContain(`yjs@${packages['node_modules/yjs']?.version}`);
});

test('T34 compose.yaml sets options that there are, and trusts the network of its proxy alone', () => {
  const text = read('compose.yaml');
  const [, section = ''] = /^ {2}heddle:\n([\s\S]*?)^ {2}\w/m.exec(text) ?? [];
  const [, environment = ''] = /environment:\n((?: {6}.*\n)+)/.exec(section) ?? [];
  const names = [...environment.matchAll(/^ {6}(\w+):/gm)].map(([, name = '']) => name);
  const all = serveOptions.flatMap((option) => environmentNames(option));
  expect(names).toEqual(['JWT_SECRET', 'TRUSTED_PROXIES']);
  for (const name of names) expect(all).toContain(name);
  const [, trusted] = /TRUSTED_PROXIES: (\S+)/.exec(text) ?? [];
  const [, subnet] = /subnet: (\S+)/.exec(text) ?? [];
  expect(trusted).toBe(subnet);
  for (const [, name = ''] of text.matchAll(/^ {6}(HEDDLE_\w+):/gm))
    expect(read('deploy/Caddyfile')).toContain(`{$${name}:`);
});

/** Names of the context that do not get into an image. */
function isIgnored(path: string): boolean {
  let ignored = false;
  for (const line of read('.dockerignore').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = line
      .replace(/^!/, '')
      .replace(/[.+]/g, '\\$&')
      .replace(/^\*\*\//, '(?:.+/)?')
      .replaceAll('*', '[^/]*');
    if (new RegExp(`^${pattern}(/|$)`).test(path)) ignored = !line.startsWith('!');
  }
  return ignored;
}

test('T34 neither secrets nor data get into an image', () => {
  for (const path of [
    '.env',
    '.env.local',
    'key.pem',
    'data/000001.log',
    '.git/config',
    'node_modules/ws/index.js',
    'examples/accounts/data/accounts.secret',
    'examples/accounts/node_modules/ws/index.js',
    'examples/next/.env.local',
    'deploy/site/key.pem',
  ])
    expect(isIgnored(path), path).toBe(true);
  for (const path of ['package.json', 'server/index.ts', 'test/contract/index.ts', '.npmrc'])
    expect(isIgnored(path), path).toBe(false);
});

/** A stage as folders of this machine: its absolute paths are below `folder`. */
class NativeStage {
  readonly folder: string;
  readonly stage: Stage;
  directory: string;
  readonly #others: readonly NativeStage[];

  constructor(folder: string, stage: Stage, others: readonly NativeStage[]) {
    mkdirSync(folder);
    this.folder = this.directory = folder;
    this.stage = stage;
    this.#others = others;
  }

  build(): void {
    for (const { name, value } of this.stage.instructions) {
      if (name === 'WORKDIR') mkdirSync((this.directory = this.folder + value), { recursive: true });
      if (name === 'COPY') this.#copy(value);
      if (name === 'RUN') this.#run(value);
    }
  }

  #copy(value: string): void {
    const words = value.split(/\s+/);
    const [, from] = /^--from=(.+)$/.exec(words[0] ?? '') ?? [];
    const to = join(this.directory, words.at(-1) ?? '');
    const sources = words.slice(from === undefined ? 0 : 1, -1);
    const other = this.#others.find(({ stage }) => stage.name === from);
    for (const source of sources) {
      if (other === undefined) this.#copyContext(source, to);
      else cpSync(found(other.folder + source), to);
    }
  }

  #copyContext(source: string, to: string): void {
    const path = join(root, source);
    if (source !== '.') return cpSync(path, join(to, source));
    const filter = (file: string): boolean => !isIgnored(relative(root, file));
    for (const entry of readdirSync(root))
      if (filter(join(root, entry))) cpSync(join(root, entry), join(to, entry), { recursive: true, filter });
  }

  #run(command: string): void {
    // What `npm ci` makes is there already, of the same lock file.
    if (command.startsWith('npm ci'))
      return symlinkSync(join(root, 'node_modules'), join(this.directory, 'node_modules'));
    const here = command.replaceAll(/(?<= )\/(?=data\b)/g, `${this.folder}/`);
    const allowed = isRoot ? here : here.replace('-o 1000 -g 1000', '');
    execFileSync('sh', ['-ec', allowed], {
      cwd: this.directory,
      stdio: 'pipe',
      env: { ...process.env, CI: 'true' },
    });
  }
}

/** The only file that a path with a star in its name stands for. */
function found(path: string): string {
  const name = new RegExp(`^${basename(path).replaceAll('.', '\\.').replace('*', '.*')}$`);
  const [one, more] = readdirSync(dirname(path)).filter((entry) => name.test(entry));
  if (one === undefined || more !== undefined) throw new Error(`${path} is not one file`);
  return join(dirname(path), one);
}

test('T34 its commands build a server that is healthy, on uWebSockets.js, and drains at SIGTERM', async () => {
  const top = mkdtempSync(join(tmpdir(), 'heddle-image-'));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  chmodSync(top, 0o755);
  const built: NativeStage[] = [];
  for (const [i, stage] of stages.entries()) {
    const native = new NativeStage(join(top, String(i)), stage, built);
    native.build();
    built.push(native);
  }
  const image = built.at(-1)!;
  const binaries = readdirSync(join(image.directory, 'node_modules/uWebSockets.js/dist/bin'));
  expect(binaries).toEqual([`uws_${process.platform}_${process.arch}_${process.versions.modules}.node`]);
  expect(existsSync(join(image.directory, 'node_modules/vite'))).toBe(false);

  const port = String(await freePort('127.0.0.1'));
  const environment = environmentOf(last);
  const env = {
    PATH: process.env['PATH'] ?? '',
    ...environment,
    DATA_DIR: image.folder + environment['DATA_DIR'],
    HOST: '127.0.0.1',
    PORT: port,
    BASE_PATH: '/sync',
    JWT_SECRET: 'a secret for tests, long enough for HS256',
  };
  const [uid = 0, gid = 0] = (valuesOf(last, 'USER')[0] ?? '').split(':').map(Number);
  const as = { cwd: image.directory, env, ...(isRoot ? { uid, gid } : {}) };
  const isHealthy = (): boolean => {
    const [program = '', ...args] = commandOf(valuesOf(last, 'HEALTHCHECK')[0] ?? '');
    return spawnSync(program === 'node' ? process.execPath : program, args, as).status === 0;
  };
  expect(isHealthy()).toBe(false);
  const [, ...args] = ['ENTRYPOINT', 'CMD'].flatMap((name) => commandOf(valuesOf(last, name)[0] ?? ''));
  const server = spawn(process.execPath, args, as);
  onTestFinished(() => void server.kill('SIGKILL'));
  let output = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until(
    () => output.includes('"listening"') || server.exitCode !== null,
    () => `it listens: ${output}`,
  );
  expect(isHealthy()).toBe(true);
  const { headers } = await fetch(`http://127.0.0.1:${port}/sync/healthz`);
  expect(headers.has('uwebsockets')).toBe(true);
  expect(readdirSync(env.DATA_DIR).length).toBeGreaterThan(0);
  server.kill('SIGTERM');
  const [code] = (await once(server, 'close')) as [number | null];
  expect([code, output]).toEqual([0, expect.stringContaining('"stopped"')]);
  expect(isHealthy()).toBe(false);
}, 600_000);
