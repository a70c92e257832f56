// The documentation site as `serve --demo` serves it, in Chromium: found, read, searched.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeFolder, startServer, type ServerProcess } from '../support/server-process.js';
import { findChromium, launchChromium } from './chromium.js';
import { hardToRead } from './look.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chromium = findChromium();
let server: ServerProcess;
let site = '';

async function serveDemo(transport: 'uws' | 'node'): Promise<ServerProcess> {
  const { path, remove } = await makeFolder();
  const started = await startServer({ data: path, flags: ['--demo', '--transport', transport] });
  const { kill } = started;
  started.kill = async () => {
    await kill.call(started);
    await remove();
  };
  return started;
}

beforeAll(async () => {
  for (const script of ['scripts/build.mjs', 'scripts/docs.mjs']) {
    const { status, stderr } = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${script}: ${stderr}`);
  }
  server = await serveDemo('uws');
  site = `${server.url.replace('ws', 'http')}/docs/`;
}, 300_000);
afterAll(() => server.kill());

test('U53 there is a page for each guide, and for each entry point of the package that has types', () => {
  const built = new Set(readdirSync(join(root, 'dist/docs'), { recursive: true, encoding: 'utf8' }));
  for (const guide of readdirSync(join(root, 'docs/guides')))
    expect(built, guide).toContain(`guides/${guide.replace('.md', '.html')}`);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
  for (const [entry, target] of Object.entries(exports))
    if (entry !== '.' && typeof target === 'object') expect(built).toContain(`api/${entry.slice(2)}.html`);
  const client = readFileSync(join(root, 'dist/docs/api/client.html'), 'utf8');
  for (const name of ['HeddleProvider', 'SyncStatus', 'listOfflineCopies'])
    expect(client).toContain(`id="${name.toLowerCase()}"`);
});

test('U53 it is not built again while nothing of it changes', () => {
  const stamp = join(root, 'dist/docs/index.html');
  expect(existsSync(stamp)).toBe(true);
  const before = readFileSync(join(root, 'dist/docs/hashmap.json'), 'utf8');
  const { status, stdout } = spawnSync(process.execPath, ['scripts/docs.mjs'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  expect(readFileSync(join(root, 'dist/docs/hashmap.json'), 'utf8')).toBe(before);
});

test.each(['uws', 'node'] as const)(
  'U54 the transport %s serves it, and the demo beside it',
  async (transport) => {
    const demo = await serveDemo(transport);
    onTestFinished(() => demo.kill());
    const url = demo.url.replace('ws', 'http');
    const page = await fetch(`${url}/docs`);
    expect({ status: page.status, url: page.url }).toEqual({ status: 200, url: `${url}/docs/` });
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self';/);
    expect(page.headers.get('content-security-policy')).not.toMatch(/script-src|unsafe-eval/);
    expect(await page.text()).toContain('Heddle');
    expect((await fetch(`${url}/docs/gone.html`)).status).toBe(404);
    expect(await (await fetch(`${url}/`)).text()).toContain('<title>');
  },
);

describe.skipIf(chromium === undefined)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromium!);
  });
  afterAll(() => browser.close());

  /** A page of the site, and all that it complains of or asks others for. */
  async function open(
    path: string,
    options: { readonly width?: number; readonly colorScheme?: 'dark' | 'light' } = {},
  ): Promise<{ page: Page; faults: string[] }> {
    const { width = 1280, colorScheme = 'light' } = options;
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(site) && !request.url().startsWith('data:')) faults.push(request.url());
    });
    await page.goto(site + path, { waitUntil: 'networkidle' });
    return { page, faults };
  }

  test('U55 a search finds what is asked for, and leads to it', async () => {
    const { page, faults } = await open('');
    await page.locator('.VPNavBarSearch button').first().click();
    await page.locator('#localsearch-input').fill('CLIENT_ID_FOREIGN');
    const found = page.locator('.VPLocalSearchBox .result').filter({ hasText: 'Errors and close codes' });
    await found.first().click();
    await page.waitForURL(/errors\.html#client_id_foreign$/);
    await page.getByRole('heading', { name: 'CLIENT_ID_FOREIGN' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('U55 pages ask nobody else for anything and break no policy, also those with code and tables', async () => {
    for (const path of ['guides/embedding.html', 'api/client.html', 'limits.html']) {
      const { page, faults } = await open(path);
      await page.locator('h1').waitFor();
      expect(faults, path).toEqual([]);
    }
  });

  test.each(['light', 'dark'] as const)(
    'U55 on a phone nothing is wider than the page, and all can be read (%s)',
    async (colorScheme) => {
      for (const path of ['guides/start.html', 'errors.html', 'api/react.html']) {
        const { page } = await open(path, { width: 390, colorScheme });
        await page.locator('h1').waitFor();
        const widest = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(widest, path).toBeLessThanOrEqual(390);
        expect((await hardToRead(page)).slice(0, 5), path).toEqual([]);
      }
    },
  );
});
