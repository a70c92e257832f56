// The package as npm would publish it, packed once for a suite.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Packs what was built before the suite; `file` is the tarball. */
export function packedForSuite(): { readonly file: string; readonly folder: string } {
  const packed = { file: '', folder: '' };
  beforeAll(() => {
    packed.folder = mkdtempSync(join(tmpdir(), 'heddle-packed-'));
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', packed.folder];
    const [{ filename }] = JSON.parse(
      execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    ) as [{ filename: string }];
    packed.file = join(packed.folder, filename);
  }, 60_000);
  afterAll(() => rmSync(packed.folder, { recursive: true, force: true }));
  return packed;
}
