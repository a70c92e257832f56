// HeddleProvider in a real browser that refuses, deletes and forgets: the document goes on, and the status says what is so.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SyncStatus } from '../../client/index.js';
import { startServer, testSecret, tokenFor, type TestServer } from '../support/test-server.js';
import { findChromium, launchChromium } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 15_000, interval: 50 };

describe.skipIf(executablePath === undefined)('a provider in a browser', () => {
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;
  let server: TestServer;
  let token: string;

  beforeAll(async () => {
    pages = await PageServer.start('provider');
    browser = await launchChromium(executablePath!);
    token = await tokenFor('ann');
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
    await page.goto(pages.url({ server: server.url, name: 'notes', token }));
    await page.waitForFunction(() => window.app !== undefined);
    return page;
  }

  const status = (page: Page): Promise<SyncStatus> => page.evaluate(() => window.app.provider.status);
  const type = (page: Page, letters: string): Promise<void> =>
    page.evaluate((what) => window.app.type(what), letters);
  const offlineError = (page: Page): Promise<string | undefined> =>
    page.evaluate(() => window.app.provider.status.offlineError?.code);

  async function expectStatus(page: Page, expected: Partial<SyncStatus>): Promise<void> {
    await expect.poll(() => status(page), patience).toMatchObject(expected);
  }

  test('I10 where IndexedDB is refused it says so, and the document goes on in memory', async () => {
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('refused', 'SecurityError');
      };
    });
    const page = await open();
    await expectStatus(page, { phase: 'synced', savedLocally: false });
    expect(await offlineError(page)).toBe('OFFLINE_UNAVAILABLE');
    const loaded = page.evaluate(() => window.app.provider.whenLoaded.then(() => 'loaded', String));
    expect(await loaded).toContain('OFFLINE_UNAVAILABLE');
    await type(page, 'in memory');
    await expectStatus(page, { phase: 'synced', unsyncedChanges: 0, savedLocally: false });
  });

  test('I13 a database that is deleted under the page is told of, and the document goes on', async () => {
    const page = await open();
    await expectStatus(page, { phase: 'synced', savedLocally: true });
    await type(page, 'before. ');
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          indexedDB.deleteDatabase('notes').addEventListener('success', () => resolve());
        }),
    );
    await expect.poll(() => offlineError(page), patience).toBe('OFFLINE_DELETED');
    await type(page, 'after.');
    await expectStatus(page, { phase: 'synced', unsyncedChanges: 0, savedLocally: false });
    const other = await open();
    await expect.poll(() => other.evaluate(() => window.app.text()), patience).toBe('before. after.');
  });

  test('J6 a logout with wipe ends every tab, and leaves nothing on the device', async () => {
    const [one, two] = [await open(), await open()];
    for (const page of [one, two]) await expectStatus(page, { phase: 'synced', savedLocally: true });
    await type(one, 'nobody else’s business');
    await expectStatus(one, { phase: 'synced', savedLocally: true });
    await one.evaluate(() => window.app.provider.connection.logout({ wipe: true }));
    for (const page of [one, two]) {
      await expectStatus(page, { phase: 'offline', savedLocally: false });
      expect((await status(page)).reason).toMatchObject({ kind: 'logged-out', isFinal: true });
    }
    const databases = await two.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    expect(databases).not.toContain('notes');
  });

  test('K8 the page asks before it is left with edits that are nowhere else, and only then', async () => {
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('refused', 'SecurityError');
      };
    });
    const page = await open();
    await expectStatus(page, { phase: 'synced' });
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.accept();
    });
    // A browser asks only on behalf of pages that somebody has touched.
    await page.mouse.click(10, 10);
    await page.reload();
    expect(asked).toEqual([]);
    await expectStatus(page, { phase: 'synced' });
    await server.close();
    await expectStatus(page, { phase: 'offline' });
    await page.mouse.click(10, 10);
    await type(page, 'nowhere else');
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
    server = await startServer({ auth: { secret: testSecret } });
  });
});
