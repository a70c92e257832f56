// Who holds a data directory: holder.json in it, made exclusively, so that a second process is told which one it is and
// is kept out even when LevelDB's own LOCK was deleted. A holder that is no longer running is taken over.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../errors.js';

/** Name of the file in the data directory. */
export const holderFileName = 'holder.json';

interface Holder {
  readonly pid: number;
  /** When the process began, as the kernel tells it ('' where it does not): a pid alone may have been given out anew. */
  readonly started: string;
  readonly host: string;
  /** Wall time, for whoever reads the file. */
  readonly since: string;
  readonly token: string;
  /** Inode of the directory: a copy of a directory has another, and the file in it says nothing. '' where it is not known. */
  readonly inode: string;
}

/** The directory is ours until `release`. */
export interface Hold {
  release(): Promise<void>;
}

/** Holds of this process: where the kernel does not tell when a process began, our own pid proves nothing. */
const ownTokens = new Set<string>();

/** Takes the directory. Throws StoreError STORE_LOCKED while a running process has it; file system errors as they are. */
export async function holdDirectory(directory: string, now: number): Promise<Hold> {
  const path = join(directory, holderFileName);
  const token = randomBytes(9).toString('hex');
  const holder: Holder = {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    since: new Date(now).toISOString(),
    token,
    inode: await inodeOf(directory),
  };
  // Written aside and linked into place: the file never exists half-written, and only one of two processes wins.
  const draft = `${path}.${token}`;
  try {
    await writeFile(draft, `${JSON.stringify(holder)}\n`, { flag: 'wx' });
    await claim(draft, path, directory);
  } finally {
    await rm(draft, { force: true });
  }
  ownTokens.add(token);
  return { release: () => release(path, token) };
}

/** Throws StoreError STORE_LOCKED while a running process has the directory. Writes nothing. */
export async function assertNotHeld(directory: string): Promise<void> {
  const text = await textOf(join(directory, holderFileName));
  const holder = text === undefined ? undefined : parse(text);
  if (holder && isRunning(holder, await inodeOf(directory))) throw locked(directory, holder);
}

async function inodeOf(directory: string): Promise<string> {
  return stat(directory, { bigint: true }).then(
    ({ ino }) => String(ino),
    () => '',
  );
}

async function claim(draft: string, path: string, directory: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (await linked(draft, path)) return;
    const text = await textOf(path);
    if (text === undefined) continue; // released just now
    const holder = parse(text);
    if (holder && isRunning(holder, await inodeOf(directory))) throw locked(directory, holder);
    await removeStale(path, text);
  }
  throw new StoreError(
    'STORE_LOCKED',
    `data directory ${directory} is being taken by several processes at once: start one`,
  );
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    if (!isErrno(error, 'EPERM') && !isErrno(error, 'ENOTSUP') && !isErrno(error, 'ENOSYS')) throw error;
  }
  // A file system without hard links: exclusive creation is the next best.
  try {
    await writeFile(path, await readFile(draft), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Moves the stale file away first: should another process have taken over meanwhile, its file is put back. */
async function removeStale(path: string, staleText: string): Promise<void> {
  const aside = `${path}.stale-${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  if ((await textOf(aside)) !== staleText) await linked(aside, path);
  await rm(aside, { force: true });
}

async function release(path: string, token: string): Promise<void> {
  ownTokens.delete(token);
  const text = await textOf(path).catch(() => undefined);
  if (text !== undefined && parse(text)?.token === token) await rm(path, { force: true });
}

/**
 * Processes of other hosts cannot be seen from here. A volume that moved to a new container brings such a file along,
 * so it must not block: LevelDB's own lock, which the kernel keeps, decides then.
 */
function isRunning(holder: Holder, inode: string): boolean {
  if (holder.host !== hostname()) return false;
  if (holder.inode !== '' && inode !== '' && holder.inode !== inode) return false;
  if (ownTokens.has(holder.token)) return true;
  const started = startOf(holder.pid);
  if (holder.started !== '' && started !== '') return holder.started === started;
  return holder.pid !== process.pid && exists(holder.pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

/** Boot and start tick of a process; '' when it is gone or the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, so fields are counted from its end: state is 0, start time 19.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return '';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, host, since, token, inode = '' } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return {
      pid,
      started: String(started),
      host: String(host),
      since: String(since),
      token: String(token),
      inode: String(inode),
    };
  } catch {
    return undefined; // not ours, or torn by a power loss: nobody running wrote it
  }
}

function locked(directory: string, holder: Holder): StoreError {
  const who = holder.pid === process.pid ? `this process (${holder.pid})` : `process ${holder.pid}`;
  return new StoreError(
    'STORE_LOCKED',
    `data directory ${directory} is in use by ${who} since ${holder.since}: stop it, or choose another directory`,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
