// Packs Heddle and runs examples as their readers do: `npm install` and `npm start` in a copy of each folder. For each it prints one
// line; it exits with 1 when one of them fails. `node scripts/try-examples.mjs [name ...]`; it needs the network.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { WebSocket } from 'ws';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = join(root, 'examples');
const all = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package.json')));
const wanted = process.argv.slice(2);
const startPatienceMs = 120_000;

const work = mkdtempSync(join(tmpdir(), 'heddle-examples-'));
const npm = (folder, ...args) =>
  execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const [{ filename }] = JSON.parse(
  npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', work),
);
const tarball = join(work, filename);

let failed = 0;
for (const name of wanted.length === 0 ? all : wanted) {
  try {
    console.log(`${name}: ${await tryExample(name)}`);
  } catch (error) {
    failed++;
    console.log(`${name}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
  }
}
rmSync(work, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);

/** Resolves with what was seen. */
async function tryExample(name) {
  const folder = join(work, name);
  cpSync(join(examples, name), folder, {
    recursive: true,
    filter: (path) => !/\/(node_modules|data|\.next)$/.test(path),
  });
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  manifest.dependencies.heddle = `file:${tarball}`;
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  npm(folder, 'install', '--no-audit', '--no-fund');

  // A group of its own: npm does not pass every signal on.
  const child = spawn('npm', ['start'], {
    cwd: folder,
    detached: true,
    env: { ...process.env, PORT: '0', CI: '' },
  });
  const closed = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  try {
    const url = await until(
      () => /https?:\/\/localhost:\d+\//.exec(stripVTControlCharacters(output))?.[0],
      child,
      () => output,
    );
    const page = await fetch(url);
    if (page.status !== 200) throw new Error(`${url} answers ${page.status}`);
    const html = await page.text();
    const script = /<script type="module" src="\.?\/?((?:main)\.\w+)"/.exec(html)?.[1];
    const code =
      script === undefined ? 'no script of its own' : `${script} ${(await fetch(url + script)).status}`;
    const greeting = await socketTo(`${url.replace('http', 'ws')}sync`);
    return `page ${page.status}, ${html.length} bytes; ${code}; socket at /sync ${greeting}`;
  } finally {
    killGroup(child, 'SIGTERM');
    const timer = setTimeout(() => killGroup(child, 'SIGKILL'), 10_000);
    await closed;
    clearTimeout(timer);
  }
}

/** The group is gone where all of it has ended by itself. */
function killGroup(child, signal) {
  try {
    process.kill(-Number(child.pid), signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Waits for the answer of `look`. Rejects with the end of the output when the process ends, or takes too long. */
async function until(look, child, output) {
  const end = Date.now() + startPatienceMs;
  while (Date.now() < end && child.exitCode === null) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`npm start did not come up:\n${output().slice(-2000)}`);
}

function socketTo(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.once('open', () => {
      socket.close();
      resolve('opens');
    });
    socket.once('error', reject);
  });
}
