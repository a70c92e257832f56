// Links of the documentation: between files when pages are laid out, between pages when they are built.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { deadLinks } from '../../site/check-links.js';
import { writtenPages } from '../../site/pages.js';
import { DeadLinkError, withPageLinks } from '../../site/stage.js';

const root = join(import.meta.dirname, '../..');

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-site-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

test('U53 links between files become links between pages, and one to nothing is an error', () => {
  const bySource = new Map([
    ['docs/limits.md', 'limits.md'],
    ['ARCHITECTURE.md', 'project/architecture.md'],
  ]);
  const from = { source: 'docs/guides/start.md', page: 'guides/start.md' };
  const text =
    '[a](../limits.md#x) [b](../../ARCHITECTURE.md) [c](https://yjs.dev) [d](#here) [e](../../site/error-guide.ts)';
  expect(withPageLinks(text, from, bySource)).toBe(
    '[a](../limits.md#x) [b](../project/architecture.md) [c](https://yjs.dev) [d](#here) [e](../errors.md)',
  );
  expect(() => withPageLinks('[a](gone.md)', from, bySource)).toThrow(DeadLinkError);
});

test('U53 every link of the documents leads to a file that is a page', () => {
  const pages = writtenPages(root);
  const bySource = new Map(pages.map(({ source, page }) => [source, page]));
  expect(pages.length).toBeGreaterThan(15);
  for (const { source, page } of pages)
    expect(
      () => withPageLinks(readFileSync(join(root, source), 'utf8'), { source, page }, bySource),
      source,
    ).not.toThrow();
});

test('U53 a built site is searched for links to no page, no heading and no file', () => {
  const folder = folderWith({
    'index.html':
      '<a href="/docs/guide/#there">x</a> <a href="guide/index.html">x</a> <a href="https://yjs.dev">x</a>',
    'guide/index.html': '<h2 id="there">x</h2> <a href="../index.html">x</a> <a href="#there">x</a>',
    'assets/app.js': '',
    '404.html': '<a href="/elsewhere">x</a>',
  });
  expect(deadLinks(folder, '/docs/')).toEqual([]);
  const broken = folderWith({});
  cpSync(folder, broken, { recursive: true });
  writeFileSync(
    join(broken, 'other.html'),
    '<a class="x" href="/docs/gone.html">x</a><a href="/docs/guide/#gone">x</a><a href="/index.html">x</a><script src="/docs/assets/gone.js"></script>',
  );
  expect(deadLinks(broken, '/docs/')).toEqual([
    'other.html: /docs/gone.html',
    'other.html: /docs/guide/#gone',
    'other.html: /index.html',
    'other.html: /docs/assets/gone.js',
  ]);
});
