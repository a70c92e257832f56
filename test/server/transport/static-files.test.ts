import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { afterAll, expect, test } from 'vitest';

import { ConfigError } from '../../../server/errors.js';
import { createStaticFiles } from '../../../server/transport/static-files.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-static-'));
const page = `<!doctype html>${'<p>hello</p>'.repeat(100)}`;
mkdirSync(join(folder, 'site/assets'), { recursive: true });
mkdirSync(join(folder, 'site/editor'));
writeFileSync(join(folder, 'secret.txt'), 'secret');
writeFileSync(join(folder, 'site/index.html'), page);
writeFileSync(join(folder, 'site/editor/index.html'), 'editor');
writeFileSync(join(folder, 'site/editor/sw.js'), 'self;');
writeFileSync(join(folder, 'site/assets/app-1a2b.js'), 'x();'.repeat(500));
writeFileSync(
  join(folder, 'site/own.html'),
  `<script>var data;</script><meta http-equiv="content-security-policy" content="default-src 'none'" />`,
);
writeFileSync(join(folder, 'site/a b.png'), new Uint8Array(2000));
const files = createStaticFiles(join(folder, 'site'));

afterAll(() => rmSync(folder, { recursive: true }));

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return files.reply({ method, path, header: (name) => headers[name] });
}

test('W1 a file is served by its path, a folder by its index.html, with its type', () => {
  expect(get('/')).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(Buffer.from(get('/index.html')!.body!).toString()).toBe(page);
  expect(Buffer.from(get('/editor/')!.body!).toString()).toBe('editor');
  expect(get('/a%20b.png')!.headers).toMatchObject({ 'content-type': 'image/png' });
  expect(get('/', {}, 'HEAD')).toEqual(get('/'));
});

test('W1 a folder without its slash is sent to the one with it, and nowhere else', () => {
  expect(get('/editor')).toMatchObject({ status: 307, headers: { location: 'editor/' } });
  expect(get('/editor', {}, 'POST')).toBeUndefined();
  expect(get('//editor')).toBeUndefined();
  expect(get('')).toBeUndefined();
});

test('W2 a service worker is asked for again each time, and may fetch from its own server only', () => {
  expect(get('/editor/sw.js')!.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': expect.stringMatching(/^default-src 'self'/),
  });
});

test('W2 what changes is asked for again, what has a hash in its name is kept', () => {
  expect(get('/')!.headers).toMatchObject({ 'cache-control': 'no-cache' });
  expect(get('/assets/app-1a2b.js')!.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
  });
});

test('W3 text comes compressed to who takes it, each form with its own tag, and 304 to who has it', () => {
  const plain = get('/')!;
  const brotli = get('/', { 'accept-encoding': 'gzip, deflate, br' })!;
  const gzip = get('/', { 'accept-encoding': 'gzip, br;q=0' })!;
  expect(brotliDecompressSync(brotli.body as Uint8Array).toString()).toBe(page);
  expect(gunzipSync(gzip.body as Uint8Array).toString()).toBe(page);
  expect(new Set([plain, brotli, gzip].map(({ headers }) => headers!['etag'])).size).toBe(3);
  expect([plain, brotli, gzip].map(({ headers }) => headers!['vary'])).toEqual(
    Array(3).fill('accept-encoding'),
  );
  expect(get('/a%20b.png', { 'accept-encoding': 'br' })!.headers).not.toHaveProperty('content-encoding');
  const etag = brotli.headers!['etag']!;
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = get('/', { 'accept-encoding': 'br', 'if-none-match': tag })!;
    expect([again.status, again.body, again.headers!['etag']]).toEqual([304, undefined, etag]);
  }
  expect(get('/', { 'if-none-match': etag })!.status).toBe(200);
});

test('W4 nothing outside the folder can be named, and nothing but reading is done', () => {
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '//secret.txt',
  ];
  for (const path of [...paths, '/missing', '/assets', '/%', '', '/editor/../index.html', '/__proto__']) {
    expect(get(path)).toBeUndefined();
  }
  expect(get('/', {}, 'POST')).toBeUndefined();
  expect(() => createStaticFiles(join(folder, 'missing'))).toThrow(ConfigError);
});

test('W5 every reply forbids guessing its type and keeps addresses from other sites', () => {
  for (const reply of [get('/'), get('/', { 'if-none-match': '*' }), get('/a%20b.png')]) {
    expect(reply!.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  }
});

test('W5 a page with a policy of its own is sent with that, every other file with ours', () => {
  expect(get('/own.html')!.headers!['content-security-policy']).toBe("default-src 'none'");
  for (const path of ['/', '/a%20b.png'])
    expect(get(path)!.headers!['content-security-policy']).toMatch("default-src 'self'");
});
