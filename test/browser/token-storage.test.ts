// The token in localStorage, as tabs of a real browser share it.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startServer, testSecret, tokenFor, type TestServer } from '../support/test-server.js';
import { findChromium, launchChromium } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 15_000, interval: 50 };
const storageKey = 'app-token';

describe.skipIf(executablePath === undefined)('tabs of one browser', () => {
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;
  let server: TestServer;

  beforeAll(async () => {
    pages = await PageServer.start('provider');
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  beforeEach(async () => {
    server = await startServer({ auth: { secret: testSecret } });
    context = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
    await server.close();
  });

  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(pages.url({ server: server.url, name: 'notes', storageKey }));
    await page.waitForFunction(() => window.app !== undefined);
    return page;
  }

  const store = (page: Page, token: string): Promise<void> =>
    page.evaluate(([key, value]) => localStorage.setItem(key!, value!), [storageKey, token]);
  const phase = (page: Page): Promise<string> => page.evaluate(() => window.app.provider.status.phase);
  const reason = (page: Page): Promise<string | undefined> =>
    page.evaluate(() => window.app.provider.status.reason?.kind);
  const access = (page: Page): Promise<string | undefined> =>
    page.evaluate(() => window.app.provider.status.access);
  const wasAway = (page: Page): Promise<boolean> =>
    page.evaluate(
      () =>
        window.app.statuses.slice(-1)[0]!.phase !== 'synced' ||
        window.app.provider.connection.state !== 'open',
    );

  test('U41, K67, K68: one stores, renews and removes the token, and all follow', async () => {
    const first = await open();
    await store(first, await tokenFor('ann', [{ pattern: '**', access: 'read' }]));
    await first.reload();
    const second = await open();
    const tabs = [first, second, await open()] as const;
    for (const tab of tabs) await expect.poll(() => phase(tab), patience).toBe('synced');
    for (const tab of tabs) await expect.poll(() => access(tab), patience).toBe('read');
    for (const tab of tabs)
      await tab.evaluate(() => {
        window.app.provider.on('status', ({ status }) => {
          if (status !== 'connected') document.title = 'it was away';
        });
      });
    await store(first, await tokenFor('ann'));
    for (const tab of tabs.slice(1)) await expect.poll(() => access(tab), patience).toBe('write');
    for (const tab of tabs) expect([await tab.title(), await wasAway(tab)]).toEqual(['One document', false]);
    await second.evaluate((key) => localStorage.removeItem(key), storageKey);
    for (const tab of tabs) await expect.poll(() => reason(tab), patience).toBe('logged-out');
    await store(second, await tokenFor('ann'));
    for (const tab of [tabs[0], tabs[2]]) await expect.poll(() => phase(tab), patience).toBe('synced');
  });
});
