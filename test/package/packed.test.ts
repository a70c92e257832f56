// The packed package before those who judge packages, and how a version of it is made.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packedForSuite, read, root } from './support.js';

const { version, ...manifest } = JSON.parse(read('package.json')) as Record<string, unknown> & {
  version: string;
};
const repository = 'https://github.com/heddle-sync/heddle';

/** A folder that is gone after the test. */
function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('U48 the packed package', () => {
  const packed = packedForSuite();

  test('U48 has no fault that publint knows', async () => {
    const buffer = readFileSync(packed.file);
    const tarball = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length);
    const { messages } = await publint({ pack: { tarball } });
    expect(messages).toEqual([]);
  });

  test('U48 has types that fit what each import gives, for every resolver (are the types wrong)', () => {
    // It is ES modules alone, which CommonJS loads by `import()`.
    const attw = [packed.file, '--format', 'json', '--ignore-rules', 'cjs-resolves-to-esm'];
    const { stdout, status } = spawnSync(join(root, 'node_modules/.bin/attw'), attw, {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const { problems, analysis } = JSON.parse(stdout) as {
      problems?: object;
      analysis: { entrypoints: object };
    };
    expect(Object.keys(problems ?? {}).filter((problem) => problem !== 'CJSResolvesToESM')).toEqual([]);
    expect(status).toBe(0);
    expect(Object.keys(analysis.entrypoints)).toEqual(Object.keys(manifest['exports'] as object));
  }, 120_000);

  test('U48 names its repository, and everything that README links is in it or in the package', () => {
    expect(manifest).toMatchObject({
      repository: { type: 'git', url: `git+${repository}.git` },
      homepage: `${repository}#readme`,
      bugs: `${repository}/issues`,
    });
    expect(manifest['keywords']).toContain('yjs');
    const files = execFileSync('tar', ['-tf', packed.file], { encoding: 'utf8' }).split('\n');
    const links = [...read('README.md').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) {
      const [path = '', anchor] = link
        .replace(`${repository}/blob/main/`, '')
        .replace(`${repository}/tree/main/`, '')
        .split('#');
      if (/^https?:/.test(path)) continue;
      if (path !== link.split('#')[0]) expect(existsSync(join(root, path)), link).toBe(true);
      else if (path !== '') expect(files, link).toContain(`package/${path}`);
      if (anchor === undefined) continue;
      const headings = [...read(path === '' ? 'README.md' : path).matchAll(/^#+ (.+)$/gm)].map(
        ([, text = '']) =>
          text
            .toLowerCase()
            .replaceAll(/[^\w -]/g, '')
            .replaceAll(' ', '-'),
      );
      expect(headings, link).toContain(anchor);
    }
  });
});

describe('U49 npm pack', () => {
  test('U49 builds first, or says in words what is missing', () => {
    expect(manifest['scripts']).toMatchObject({ prepack: 'node scripts/prepack.mjs' });
    const clone = folderForTest();
    for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, file), join(clone, file));
    cpSync(join(root, 'scripts'), join(clone, 'scripts'), { recursive: true });
    const { status, stderr } = spawnSync('npm', ['pack', '--pack-destination', clone], {
      cwd: clone,
      encoding: 'utf8',
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain(
      'heddle cannot be packed yet: it is built first, and what builds it is not installed. Run: npm ci',
    );
  });
});

describe('U50 a version', () => {
  test('U50 has its part of CHANGELOG.md, made of the changesets', () => {
    expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## ${version.replaceAll('.', '\\.')}\\b`, 'm'));
    const copy = folderForTest();
    for (const file of [
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
      '.changeset',
      '.prettierrc.json',
    ])
      cpSync(join(root, file), join(copy, file), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    mkdirSync(join(copy, '.changeset'), { recursive: true });
    writeFileSync(join(copy, '.changeset/one.md'), "---\n'heddle': major\n---\n\nIt sings.\n");
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/changeset'), ['version'], {
      cwd: copy,
      encoding: 'utf8',
    });
    expect([status, stderr], stdout).toEqual([0, '']);
    const { version: next } = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(next).toBe('1.0.0');
    expect(readFileSync(join(copy, 'CHANGELOG.md'), 'utf8')).toMatch(
      /^# Changelog\n+## 1\.0\.0\n+### Major Changes\n+- It sings\./,
    );
  });

  test('U50 is checked by .ci/run wherever it is checked', () => {
    for (const workflow of ['ci', 'release'])
      expect(read(`.github/workflows/${workflow}.yml`)).toMatch(/^ +- run: \.ci\/run$/m);
  });
});
