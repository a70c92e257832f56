// The documentation below /docs/, built or not.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createDocsSite } from '../../../server/api/docs-site.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-docs-'));
mkdirSync(join(folder, 'assets'));
for (const name of ['index.html', '404.html', 'assets/app.js']) writeFileSync(join(folder, name), name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ask = (path: string, directory = folder, method = 'GET') =>
  createDocsSite(directory).reply({ method, path, header: () => undefined });

test('U54 what is below /docs/ is served, with the site own page for what is not there, and nothing else', () => {
  expect(ask('/docs/')).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  });
  expect(ask('/docs/assets/app.js')?.headers?.['cache-control']).toContain('immutable');
  expect(ask('/docs')).toMatchObject({ status: 307, headers: { location: 'docs/' } });
  expect(ask('/docs/gone.html')).toMatchObject({ status: 404, body: Buffer.from('404.html') });
  for (const path of ['/', '/docsx', '/documents']) expect(ask(path)).toBeUndefined();
  expect(ask('/docs/', folder, 'POST')).toBeUndefined();
});

test('U54 where the site was not built, the answer says so in words', () => {
  const reply = ask('/docs/', join(folder, 'nothing'));
  expect(reply).toMatchObject({ status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  expect(reply?.body).toContain('npm run docs');
});
