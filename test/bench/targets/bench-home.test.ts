import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { benchHome, makeDataFolder } from '../../../bench/targets/bench-home.js';

describe("the bench's own folder", () => {
  test('is where the user wants it, or in the cache folder', () => {
    expect(benchHome({ HEDDLE_BENCH_HOME: '/somewhere', XDG_CACHE_HOME: '/cache' })).toBe('/somewhere');
    expect(benchHome({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/heddle-bench');
    expect(benchHome({})).toBe(join(homedir(), '.cache/heddle-bench'));
  });

  test('H6 data folders are new, and removed with what is in them', async () => {
    const home = await mkdtemp(join(tmpdir(), 'heddle-test-'));
    vi.stubEnv('HEDDLE_BENCH_HOME', home);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await rm(home, { recursive: true });
    });
    const folders = [await makeDataFolder(), await makeDataFolder()];
    expect(new Set(folders.map(({ path }) => path)).size).toBe(2);
    for (const { path, remove } of folders) {
      expect(path.startsWith(home)).toBe(true);
      await writeFile(join(path, 'file'), 'x');
      await remove();
      expect(existsSync(path)).toBe(false);
    }
  });
});
