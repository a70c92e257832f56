// Files that commands are given: `-` is standard input or output, and what is there already is not written over.

import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { OptionSpec } from '../config/option.js';
import { shownFile, type ResolvedOptions } from '../config/resolve-options.js';
import { ConfigError } from '../errors.js';
import { toTargetError } from '../store/disk-errors.js';
import type { Output } from './output.js';

export const forceOption: OptionSpec = {
  group: 'Output',
  flag: 'force',
  env: [],
  type: 'boolean',
  description: 'Write over a file that is there already',
};

/** Throws ConfigError where the file is there already and `--force` was not given, or is a folder. */
export async function checkTarget(file: string, options: ResolvedOptions): Promise<void> {
  if (file === '-') return;
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory() === true) throw new ConfigError(`${file} is a folder: name a file`);
  if (found?.isFile() === true && options.boolean('force') !== true)
    throw new ConfigError(`${file} is there already: name another file, or write over it with --force`);
}

/** What reports call a file that was written. */
export function shownTarget(file: string): string {
  return file === '-' ? 'standard output' : file;
}

/** Writes a file, which appears when it is complete and on the disk. Throws StoreError that names it. */
export async function writeTarget(file: string, bytes: Uint8Array, output: Output): Promise<void> {
  if (file === '-') return output.writeAll(bytes);
  const draft = `${file}.${randomBytes(4).toString('hex')}.part`;
  try {
    // Devices and pipes are written as they are.
    const isOther = await stat(file).then(
      (found) => !found.isFile(),
      () => false,
    );
    await writeWhole(isOther ? file : draft, bytes);
    if (!isOther) await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw toTargetError(error, file);
  }
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync().catch((error: NodeJS.ErrnoException) => {
      // Nothing that a pipe or a device has.
      if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error;
    });
  } finally {
    await handle.close();
  }
}

/** All bytes of a file. Throws ConfigError where it cannot be read. */
export async function readSource(file: string, input: Readable): Promise<Uint8Array> {
  try {
    if (file !== '-') return new Uint8Array(await readFile(file));
    const chunks: Uint8Array[] = [];
    for await (const chunk of input as AsyncIterable<Uint8Array>) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`${shownFile(file)} cannot be read: ${code ?? message}`, { cause });
  }
}
