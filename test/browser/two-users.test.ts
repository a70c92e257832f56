// Two people on one computer, in one browser profile: what is kept on the device is each one's own.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, startServer, type ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { testSecret, tokenFor } from '../support/test-server.js';
import { findChromium, launchChromium } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 20_000, interval: 50 };

describe.skipIf(executablePath === undefined)('two people on one computer', () => {
  let pages: PageServer;
  let browser: Browser;
  let server: ServerProcess;
  let network: TcpProxy;
  let computer: BrowserContext;
  const cleanup: (() => unknown)[] = [];

  beforeAll(async () => {
    pages = await PageServer.start('provider');
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  beforeEach(async () => {
    const folder = await makeFolder();
    server = await startServer({ data: folder.path, flags: [], env: { JWT_SECRET: testSecret } });
    network = await TcpProxy.listen();
    network.target = server.port;
    computer = await browser.newContext();
    cleanup.push(
      folder.remove,
      () => server.kill(),
      () => network.close(),
      () => computer.close(),
    );
  });

  afterEach(async () => {
    for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
  });

  async function openFor(user: string): Promise<Page> {
    const page = await computer.newPage();
    const token = await tokenFor(user);
    await page.goto(pages.url({ server: network.url, name: 'notes', http: 'no', token }));
    await page.waitForFunction(() => window.app !== undefined);
    return page;
  }

  const phase = (page: Page): Promise<string> => page.evaluate(() => window.app.provider.status.phase);
  const text = (page: Page): Promise<string> => page.evaluate(() => window.app.text());
  const type = (page: Page, letters: string): Promise<void> =>
    page.evaluate((what) => window.app.type(what), letters);
  const isSaved = (page: Page): Promise<boolean> =>
    page.evaluate(() => window.app.provider.status.savedLocally);

  test('K21 what one has not sent yet is neither shown to the other nor lost', async () => {
    const ann = await openFor('ann');
    await expect.poll(() => phase(ann), patience).toBe('synced');
    await type(ann, 'common ');
    await expect.poll(() => phase(ann), patience).toBe('synced');
    network.target = undefined;
    network.cut();
    await type(ann, 'Ann alone');
    await expect.poll(() => isSaved(ann), patience).toBe(true);
    await ann.evaluate(() => window.app.provider.connection.logout());
    await ann.close();

    network.target = server.port;
    const bob = await openFor('bob');
    await expect.poll(() => phase(bob), patience).toBe('synced');
    expect(await text(bob)).toBe('common ');
    await type(bob, 'Bob too ');
    await expect.poll(() => phase(bob), patience).toBe('synced');
    await bob.close();

    const again = await openFor('ann');
    await expect.poll(() => phase(again), patience).toBe('synced');
    const both = await text(again);
    expect(both).toContain('Ann alone');
    expect(both).toContain('Bob too');
    expect(both.length).toBe('common Ann alone'.length + 'Bob too '.length);
  });

  test('I20 a wipe reaches another tab, and the copy of a tab that is closed in the middle of it', async () => {
    const [one, two] = [await openFor('ann'), await openFor('ann')];
    await type(one, 'private');
    await expect.poll(() => text(two), patience).toBe('private');
    for (const page of [one, two]) await expect.poll(() => isSaved(page), patience).toBe(true);
    // Not waited for: the page goes away while it wipes.
    await one.evaluate(() => void window.app.provider.connection.logout({ wipe: true }));
    await one.close();
    await two.close();
    network.target = undefined;
    network.cut();
    const later = await openFor('ann');
    await expect.poll(() => phase(later), patience).toBe('offline');
    expect(await text(later)).toBe('');
  });
});
