import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readOrMakeDemoKey } from '../../../server/auth/demo-key.js';
import { ConfigError } from '../../../server/errors.js';

describe('the demo key', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-key-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('A1 is made once, 32 random bytes, for its owner only', async () => {
    const data = join(directory, 'new', 'data');
    const [key, same] = await Promise.all([readOrMakeDemoKey(data), readOrMakeDemoKey(data)]).catch(() => [
      '',
      '',
    ]);
    const again = await readOrMakeDemoKey(data);
    expect(Buffer.from(again, 'base64url')).toHaveLength(32);
    expect([key, same]).toEqual([again, again]);
    expect(await readdir(data)).toEqual(['demo-key']);
    expect((await stat(join(data, 'demo-key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(data, 'demo-key'), 'utf8')).toBe(`${again}\n`);
  });

  test('A1 gets its mode back when it was opened to others', async () => {
    const key = await readOrMakeDemoKey(directory);
    await chmod(join(directory, 'demo-key'), 0o644);
    expect(await readOrMakeDemoKey(directory)).toBe(key);
    expect((await stat(join(directory, 'demo-key'))).mode & 0o777).toBe(0o600);
  });

  test('O1 a damaged one, or a place that cannot be written, is told in one line', async () => {
    await writeFile(join(directory, 'demo-key'), 'short');
    await expect(readOrMakeDemoKey(directory)).rejects.toThrow(/damaged: delete it/);
    await expect(readOrMakeDemoKey(join(directory, 'demo-key'))).rejects.toThrow(ConfigError);
  });
});
