// Builds dist/: the package with tsc (incremental), the pages of examples/ with vite when they changed.
// Prints nothing unless it fails, so that it can run before any command.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
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

run('tsc', ['-p', 'tsconfig.build.json']);

const page = `${root}/dist/examples/index.html`;
if (
  !existsSync(page) ||
  statSync(page).mtimeMs < Math.max(newest(`${root}/examples`), statSync(`${root}/package-lock.json`).mtimeMs)
) {
  run('vite', ['build', '--config', 'examples/vite.config.ts', '--logLevel', 'warn']);
}
