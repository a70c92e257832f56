// Installs servers of others into the bench's own folder: with `npm ci` from a committed lock file, once for each version
// of the manifest.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { benchHome } from './bench-home.js';
import { runTool, ToolError } from './run-tool.js';
import { TargetUnavailable } from './target.js';

/** A folder with package.json, package-lock.json, start programs, and check.mjs, which fails when they cannot run. */
export interface Kit {
  readonly folder: string;
  /** For people: what is in it. */
  readonly label: string;
}

/** Compiling SQLite takes about a minute. */
const maxInstallMs = 15 * 60_000;
const maxCheckMs = 60_000;
const progressMs = 5_000;

/** Installs at the same time in this process wait for each other. */
const underWay = new Map<string, Promise<string>>();

/** The folder with the kit's programs and all they need. Throws TargetUnavailable, with the reason. */
export async function installKit(kit: Kit, progress: (line: string) => void): Promise<string> {
  const folder = join(benchHome(), 'peers', await fingerprint(kit));
  const install = underWay.get(folder) ?? installOnce(kit, folder, progress);
  underWay.set(folder, install);
  try {
    return await install;
  } finally {
    underWay.delete(folder);
  }
}

async function installOnce(kit: Kit, folder: string, progress: (line: string) => void): Promise<string> {
  if (await isComplete(folder)) return folder;
  await mkdir(join(folder, '..'), { recursive: true });
  // Made beside and moved when it is whole: an install that was cut off, or is still going on, is never taken for one.
  const draft = await mkdtemp(`${folder}-`);
  try {
    await copyKit(kit, draft);
    await fill(kit, draft, progress);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } catch (error) {
    throw unavailable(kit, error);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

/** Names the folder: by all that is copied, and by the platform, for which some packages are compiled. */
async function fingerprint({ folder }: Kit): Promise<string> {
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch} ${process.versions.modules}`);
  for (const name of await kitFiles(folder))
    hash.update(`\n${name}\n`).update(await readFile(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}

async function kitFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(json|mjs)$/.test(entry.name));
  return files.map(({ name }) => name).sort();
}

async function copyKit({ folder }: Kit, draft: string): Promise<void> {
  for (const name of await kitFiles(folder)) await copyFile(join(folder, name), join(draft, name));
}

/** Whether every package of the lock file is there: users clean their cache folders. */
async function isComplete(folder: string): Promise<boolean> {
  const lockFile = join(folder, 'package-lock.json');
  if (!existsSync(lockFile)) return false;
  const { packages } = JSON.parse(await readFile(lockFile, 'utf8')) as {
    packages: Readonly<Record<string, { optional?: boolean }>>;
  };
  return Object.entries(packages).every(
    ([path, { optional }]) => optional === true || existsSync(join(folder, path, 'package.json')),
  );
}

async function fill({ label }: Kit, draft: string, progress: (line: string) => void): Promise<void> {
  const startedAt = performance.now();
  const tell = (): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    progress(`installing ${label}${seconds === 0 ? '' : `, ${seconds} s`}`);
  };
  tell();
  const timer = setInterval(tell, progressMs);
  try {
    await runTool(['npm', 'ci', '--no-audit', '--no-fund', '--engine-strict=false'], {
      folder: draft,
      // What is compiled comes from the registry, checked against the lock file; what is downloaded compiled is not.
      env: { npm_config_build_from_source: 'better-sqlite3' },
      maxMs: maxInstallMs,
    });
    await runTool([process.execPath, 'check.mjs'], { folder: draft, maxMs: maxCheckMs });
  } finally {
    clearInterval(timer);
  }
}

function unavailable({ label }: Kit, cause: unknown): unknown {
  if (!(cause instanceof ToolError)) return cause;
  const why = telling(cause.output);
  const reason = why === '' ? cause.message : `${cause.message}: ${why}`;
  return new TargetUnavailable(`${label} cannot be installed: ${reason}`, { cause });
}

const maxReasonCharacters = 300;

/** What is wrong, out of all that npm, a compiler or Node says around it. */
function telling(output: string): string {
  const [error] = /\b(?:[A-Z]\w*)?[Ee]rror: .+/.exec(output) ?? [];
  const lines = output.split('\n').filter((line) => /^npm (error|ERR!) \S/.test(line));
  return (error ?? lines.slice(0, 2).join('; ')).slice(0, maxReasonCharacters);
}
