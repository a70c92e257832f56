// Builds dist/: the package with tsc (incremental), the command and the pages of examples/ and of
// the bench with vite when they changed.
// Prints nothing unless it fails, so that it can run before any command.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a local tool; on failure prints what it said and ends with its exit code. */
function run(tool, args) {
  const result = spawnSync(`${root}/node_modules/.bin/${tool}`, args, { cwd: root, encoding: 'utf8' });
  if (result.status === 0) return;
  process.stderr.write(
    `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? `${result.error}\n` : ''}`,
  );
  process.exit(result.status ?? 1);
}

/** The newest modification time below a folder, in ms. */
function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile())
      latest = Math.max(latest, statSync(`${entry.parentPath ?? entry.path}/${entry.name}`).mtimeMs);
  }
  return latest;
}

/** When a file was made, in ms; 0 when it is not there. */
const madeAt = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

run('tsc', ['-p', 'tsconfig.build.json']);

const peers = `${root}/dist/bench/peers`;
rmSync(peers, { recursive: true, force: true });
cpSync(`${root}/bench/peers`, peers, { recursive: true });

const locked = madeAt(`${root}/package-lock.json`);
const sources = Math.max(
  ...['shared', 'token', 'server', 'bench'].map((folder) => newest(`${root}/${folder}`)),
);
// By the list of licences, which only the bundle has.
if (madeAt(`${root}/dist/server/cli/licenses.md`) < Math.max(sources, locked))
  run('vite', ['build', '--config', 'server/cli/vite.config.ts', '--logLevel', 'warn']);

// The client as one file, for pages without a bundler.
const clientSources = Math.max(...['client', 'shared'].map((folder) => newest(`${root}/${folder}`)), locked);
if (madeAt(`${root}/dist/cdn/licenses.md`) < clientSources)
  run('vite', ['build', '--config', 'scripts/cdn.vite.config.ts', '--logLevel', 'warn']);
writeFileSync(`${root}/dist/cdn/heddle-client.d.ts`, "export * from '../client/index.js';\n");

// The pages bundle the client, as any application does.
const pages = ['examples', 'client', 'shared'].map((folder) => newest(`${root}/${folder}`));
const examples = Math.max(...pages, locked);
if (madeAt(`${root}/dist/examples/index.html`) < examples)
  run('vite', ['build', '--config', 'examples/vite.config.ts', '--logLevel', 'warn']);

// The page of the report bundles what it shares with the other reports, and the colours of the demo.
const report = `${root}/dist/bench/report/page.html`;
if (madeAt(report) < Math.max(newest(`${root}/bench`), examples))
  run('vite', ['build', '--config', 'bench/report/page/vite.config.ts', '--logLevel', 'warn']);

// The figures that are committed, for the demo to show.
const results = `${root}/bench/results.json`;
const shown = `${root}/dist/examples/bench.html`;
if (existsSync(results) && madeAt(shown) < Math.max(madeAt(report), madeAt(results), examples)) {
  const { readResults, renderPage } = await import(`${root}/dist/bench/index.js`);
  writeFileSync(shown, renderPage(await readResults(results)));
}
