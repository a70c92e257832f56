// The key the demo signs its tokens with: made on the first start, kept beside the data.

import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigError } from '../errors.js';

/** Reads `<data>/demo-key`, or makes it, readable by its owner only. Throws ConfigError when it cannot do either. */
export async function readOrMakeDemoKey(dataDirectory: string): Promise<string> {
  const file = join(dataDirectory, 'demo-key');
  try {
    await mkdir(dataDirectory, { recursive: true });
    if (!(await exists(file))) await makeKey(file);
    await chmod(file, 0o600);
    const key = (await readFile(file, 'utf8')).trim();
    if (/^[\w-]{43}$/.test(key)) return key;
  } catch (cause) {
    throw new ConfigError(`the demo key ${file} cannot be read or made: ${errorCode(cause)}`, { cause });
  }
  throw new ConfigError(`the demo key ${file} is damaged: delete it to have a new one made`);
}

/** Written whole and then given its name: two servers that start at once end up with the same key, never with half. */
async function makeKey(file: string): Promise<void> {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
