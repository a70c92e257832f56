// A real nginx or Caddy in front of a server, with the page of deploy/, as an unprivileged user on loopback.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../bench/targets/free-port.js';
import { makeCertificate } from '../support/certificate.js';
import { canRun, installPackages } from '../support/system-packages.js';

const deploy = fileURLToPath(new URL('../../deploy', import.meta.url));
/** Debian's `nobody`. */
const nobody = 65_534;
const startPatienceMs = 20_000;

export type ProxyKind = 'nginx' | 'caddy';

/** Whether it can be run here; it is installed where that is possible. With CI=true a proxy that is missing is an error. */
export function hasProxy(kind: ProxyKind): boolean {
  const args = kind === 'nginx' ? ['-v'] : ['version'];
  if (!canRun(kind, ...args)) installPackages(kind);
  if (canRun(kind, ...args)) return true;
  if (process.env['CI'] === 'true') throw new Error(`${kind} is not there, and the tests of deploy/ need it`);
  console.warn(`The tests of deploy/ with ${kind} are left out: ${kind} is not installed.`);
  return false;
}

/** The text with each part replaced, which must be there exactly once: so a page that changes is noticed. */
export function replaceOnce(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((done, [from, to]) => {
    if (done.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} is not there once`);
    return done.replace(from, () => to);
  }, text);
}

export interface ProxyOptions {
  /** Port of the server behind. */
  readonly upstream: number;
  /** Whether the proxy takes its prefix off the path. */
  readonly strips: boolean;
}

export class ProxyProcess {
  readonly port: number;
  readonly certificate: Buffer;
  readonly #folder: string;
  readonly #kind: ProxyKind;
  readonly #child: ChildProcess;
  readonly #output: () => string;

  private constructor(kind: ProxyKind, port: number, folder: string) {
    this.#kind = kind;
    this.port = port;
    this.#folder = folder;
    this.certificate = readFileSync(join(folder, 'cert.pem'));
    this.#child = spawn(kind, [...argumentsOf(kind, folder)], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...unprivileged(),
    });
    let output = '';
    this.#child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    this.#output = () => output;
  }

  /** Starts it on a free port. Rejects with what it has printed when it does not listen. */
  static async start(kind: ProxyKind, options: ProxyOptions): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), `heddle-${kind}-`));
    if (!makeCertificate(folder)) throw new Error('openssl is not there');
    const port = await freePort('127.0.0.1');
    if (kind === 'nginx') writeNginx(folder, port, options);
    else writeCaddy(folder, port, options);
    giveAway(folder);
    const proxy = new ProxyProcess(kind, port, folder);
    await proxy.#untilListening();
    return proxy;
  }

  /** For clients of all kinds: the server is below this. */
  get url(): string {
    return `wss://localhost:${this.port}/sync`;
  }

  /** Reads its configuration again, as after a change: connections that are open end within a second. */
  reload(): void {
    if (this.#kind === 'nginx') {
      this.#child.kill('SIGHUP');
      return;
    }
    // One that is the same as before is not taken up.
    const file = join(this.#folder, 'Caddyfile');
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8')}\nhttp://127.0.0.1:${this.port + 1} {\n\trespond ok\n}\n`,
    );
    const admin = ['--address', `unix/${join(this.#folder, 'admin.sock')}`];
    const { status, stderr } = spawnSync('caddy', ['reload', '--config', file, ...admin], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: this.#folder },
    });
    if (status !== 0) throw new Error(`caddy reload: ${stderr}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
      await once(this.#child, 'close');
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #untilListening(): Promise<void> {
    const until = Date.now() + startPatienceMs;
    while (!(await accepts(this.port))) {
      if (Date.now() > until || this.#child.exitCode !== null)
        throw new Error(`${this.#kind} does not listen: ${this.#output()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function argumentsOf(kind: ProxyKind, folder: string): readonly string[] {
  if (kind === 'caddy') return ['run', '--config', join(folder, 'Caddyfile')];
  return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
}

/** The page of deploy/ inside what Debian has around it, as far as an unprivileged user may have that. */
function writeNginx(folder: string, port: number, { upstream, strips }: ProxyOptions): void {
  const page = replaceOnce(readFileSync(join(deploy, 'nginx.conf'), 'utf8'), {
    'server 127.0.0.1:1234;': `server 127.0.0.1:${upstream};`,
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    'server_name sync.example.com;': 'server_name localhost;',
    '/etc/ssl/sync.example.com/cert.pem': join(folder, 'cert.pem'),
    '/etc/ssl/sync.example.com/key.pem': join(folder, 'key.pem'),
    ...(strips ? {} : { 'proxy_pass http://heddle/;': 'proxy_pass http://heddle;' }),
  });
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = kinds.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;
pid ${join(folder, 'nginx.pid')};
worker_processes 1;
worker_shutdown_timeout 1s;
events {}
http {
access_log off;
${temporary}
${page}
}
`,
  );
}

function writeCaddy(folder: string, port: number, { upstream, strips }: ProxyOptions): void {
  const page = replaceOnce(readFileSync(join(deploy, 'Caddyfile'), 'utf8'), {
    '{$HEDDLE_SITE:sync.example.com} {': `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${join(folder, 'cert.pem')} ${join(folder, 'key.pem')}`,
    '{$HEDDLE_UPSTREAM:127.0.0.1:1234}': `127.0.0.1:${upstream}`,
    ...(strips ? {} : { '\thandle_path /sync/*': '\thandle /sync/*' }),
  });
  const options = `{\n\tadmin unix/${join(folder, 'admin.sock')}\n\tauto_https disable_redirects\n}\n`;
  writeFileSync(join(folder, 'Caddyfile'), options + page);
}

function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}

function giveAway(folder: string): void {
  mkdirSync(join(folder, 'caddy'), { recursive: true });
  if (process.getuid?.() !== 0) return;
  for (const name of ['', ...readdirSync(folder)]) {
    chownSync(join(folder, name), nobody, nobody);
    if (name.endsWith('.pem')) chmodSync(join(folder, name), 0o600);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => socket.destroy());
    socket.on('connect', () => socket.destroy());
  });
}
