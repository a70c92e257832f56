// A page that was left and is come back to: the browser keeps it as it was, with all that it had in memory.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SyncStatus } from '../../client/index.js';
import { startServer, testSecret, tokenFor, type TestServer } from '../support/test-server.js';
import { findChromium, launchWithWayBack } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 15_000, interval: 50 };

describe.skipIf(executablePath === undefined)('the way back to a page with a document', () => {
  let pages: PageServer;
  let browser: Browser;
  let context: BrowserContext;
  let server: TestServer;
  let token: string;

  beforeAll(async () => {
    pages = await PageServer.start('provider');
    browser = await launchWithWayBack(executablePath!);
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

  const url = (): string => pages.url({ server: server.url, name: 'notes', token });

  async function open(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url());
    await expectInSync(page);
    return page;
  }

  async function expectInSync(page: Page): Promise<void> {
    await page.waitForFunction(() => window.app !== undefined);
    const status = (): Promise<SyncStatus> => page.evaluate(() => window.app.provider.status);
    await expect
      .poll(status, patience)
      .toMatchObject({ phase: 'synced', savedLocally: true, unsyncedChanges: 0 });
  }

  const text = (page: Page): Promise<string> => page.evaluate(() => window.app.text());
  const type = (page: Page, letters: string): Promise<void> =>
    page.evaluate((what) => window.app.type(what), letters);
  /** Locks that are held by any page. */
  const locks = (page: Page): Promise<number> =>
    page.evaluate(async () => (await navigator.locks.query()).held!.length);

  /** As Chromium's protocol for developers says it. */
  interface Explanation {
    readonly type: string;
    readonly reason: string;
  }

  /** Why the browser has loaded a page anew that it was to bring back. */
  async function reasonsOf(page: Page): Promise<Explanation[]> {
    const reasons: Explanation[] = [];
    const session = await context.newCDPSession(page);
    await session.send('Page.enable');
    session.on('Page.backForwardCacheNotUsed', ({ notRestoredExplanations }) => {
      reasons.push(...notRestoredExplanations);
    });
    return reasons;
  }

  /** Leaves the page and comes back. Returns whether it is the same page: for reasons of its own the browser may load it anew. */
  async function leaveAndReturn(page: Page, other: Page): Promise<boolean> {
    const reasons = await reasonsOf(page);
    await page.evaluate(() => Object.assign(window, { mark: 'the same page' }));
    const whileBoth = await locks(other);
    // Elsewhere, as somebody does who follows a link.
    await page.goto(url().replace('localhost', '127.0.0.1'));
    await expect.poll(() => locks(other), patience).toBeLessThan(whileBoth);
    await type(other, 'typed meanwhile. ');
    await expectInSync(other);
    await page.goBack({ waitUntil: 'commit' });
    await expectInSync(page);
    // What the page itself does to keep the browser from it.
    expect(reasons.filter(({ type: kind }) => kind !== 'Circumstantial')).toEqual([]);
    return page.evaluate(() => (window as { mark?: string }).mark === 'the same page');
  }

  test('K53 it comes back as it was, syncs, and is among the tabs again', async () => {
    const page = await open();
    await type(page, 'typed before. ');
    await expectInSync(page);
    const other = await open();
    const whileBoth = await locks(other);
    let written = 'typed before. ';
    let isSame = false;
    for (let tries = 0; !isSame && tries < 3; tries++) {
      isSame = await leaveAndReturn(page, other);
      written += 'typed meanwhile. ';
    }
    expect(isSame).toBe(true);
    await expect.poll(() => text(page), patience).toBe(written);
    await expect.poll(() => locks(other), patience).toBe(whileBoth);
    await type(page, 'typed after.');
    await expect.poll(() => text(other), patience).toBe(`${written}typed after.`);
    await expectInSync(page);
    expect(await page.evaluate(() => window.app.provider.bcconnected)).toBe(true);
  });
});
