// heddle/react in a real browser, under StrictMode.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startServer, testSecret, tokenFor, type TestServer } from '../support/test-server.js';
import { findChromium, launchChromium } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 15_000, interval: 50 };

describe.skipIf(executablePath === undefined)('K7 an application in React', () => {
  let pages: PageServer;
  let browser: Browser;
  let server: TestServer;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    pages = await PageServer.start('react');
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  beforeEach(async () => {
    server = await startServer();
    complaints.length = 0;
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await server.close();
    if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('\n')}`);
  });

  async function open(user: string, more: Record<string, string> = {}): Promise<Page> {
    const context = await browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      const isHarmless = message.text().includes('favicon') || message.location().url.endsWith('favicon.ico');
      if (message.type() === 'error' && !isHarmless) complaints.push(message.text());
    });
    await page.goto(pages.url({ server: server.url, user, ...more }));
    return page;
  }

  async function expectShown(page: Page, id: string, text: string): Promise<void> {
    await expect
      .poll(
        () =>
          page
            .locator(`#${id}`)
            .textContent({ timeout: 1_000 })
            .catch(() => undefined),
        patience,
      )
      .toBe(text);
  }

  test('shows the document, its status, the connection and who is there', async () => {
    const [ann, ben] = [await open('Ann'), await open('Ben')];
    await expectShown(ann, 'status', 'synced 0');
    await expectShown(ann, 'connection', 'open');
    await expectShown(ann, 'present', 'Ann (me), Ben');
    await expectShown(ben, 'present', 'Ann, Ben (me)');
    for (let i = 0; i < 3; i++) await ann.locator('#type').click();
    await expectShown(ben, 'text', 'xxx');
    await expectShown(ann, 'status', 'synced 0');
    await ben.close();
    await expectShown(ann, 'present', 'Ann (me)');
  });

  test('K17 renders the others anew only when what it selects of them is different', async () => {
    const [ann, ben] = [await open('Ann'), await open('Ben')];
    await expectShown(ann, 'others', 'Ben');
    await expectShown(ben, 'others', 'Ann');
    await expectShown(ben, 'self', 'Ben 0 true');
    const before = await ann.evaluate(() => window.react.namesShown);
    for (let i = 0; i < 3; i++) await ben.locator('#caret').click();
    await expectShown(ben, 'self', 'Ben 3 true');
    // The name after the caret comes on the same way, so the caret has been seen by then.
    await ben.evaluate(() => [...window.react.providers].at(-1)!.setAwarenessField('name', 'Benjamin'));
    await expectShown(ann, 'others', 'Benjamin');
    const after = await ann.evaluate(() => window.react.namesShown);
    // StrictMode renders twice.
    expect(after - before).toBeLessThanOrEqual(2);
  });

  test('K17 a new text as token keeps the document, and the server is told of it', async () => {
    const locked = await startServer({ auth: { secret: testSecret } });
    try {
      const page = await open('Ann', { server: locked.url, token: await tokenFor('ann') });
      await expectShown(page, 'status', 'synced 0');
      await page.locator('#type').click();
      const [kept, shown] = await page.evaluate(() => {
        const provider = [...window.react.providers].at(-1)!;
        provider.connection.on('authenticated', (expiresAt) => {
          document.body.dataset['expires'] = String(expiresAt);
        });
        return [provider.connection.state, window.react.providers.size];
      });
      expect(kept).toBe('open');
      const newer = await tokenFor('ann', undefined, 7_200);
      await page.evaluate((token) => window.react.setToken(token), newer);
      await expect
        .poll(() => page.evaluate(() => document.body.dataset['expires'] ?? ''), patience)
        .toMatch(/^\d+$/);
      await expectShown(page, 'text', 'x');
      await expectShown(page, 'status', 'synced 0');
      expect(await page.evaluate(() => window.react.providers.size)).toBe(shown);
    } finally {
      await locked.close();
    }
  });

  test('K79 shows the devices of the user, live, and stops to watch with the component', async () => {
    const locked = await startServer({ auth: { secret: testSecret } });
    try {
      const token = await tokenFor('ann');
      const [page, other] = [
        await open('Ann', { server: locked.url, token, devices: '' }),
        await open('Ann', { server: locked.url, token }),
      ];
      await expectShown(page, 'devices', 'none, none (this)');
      await page.locator('#rename').click();
      await expectShown(page, 'devices', 'Kitchen (this), none');
      const watched = (): Promise<unknown> =>
        page.evaluate(() => {
          const { providers, ownDevices } = window.react;
          return ownDevices([...providers].at(-1)!.connection).current?.length;
        });
      expect(await watched()).toBe(2);
      await page.locator('#none').click();
      await expect.poll(watched, patience).toBeUndefined();
      await other.close();
    } finally {
      await locked.close();
    }
  });

  test('K82 shows who is in the document and who was, with their clients', async () => {
    const locked = await startServer({
      auth: { secret: testSecret },
      rosterVisible: 'everybody',
      stampUser: true,
    });
    try {
      const ann = await open('Ann', { server: locked.url, token: await tokenFor('ann'), roster: '' });
      await expectShown(ann, 'roster', 'told: ann (me)');
      const ben = await open('Ben', { server: locked.url, token: await tokenFor('ben') });
      await expectShown(ann, 'roster', 'told: ann (me), ben');
      await expectShown(ann, 'people', 'ann: Ann, ben: Ben');
      await ben.close();
      await expectShown(ann, 'roster', 'told: ann (me), ben (gone)');
      await expectShown(ann, 'people', 'ann: Ann, ben: ');
      // Another document, and back: the list is that of the document that is shown.
      await ann.locator('#two').click();
      await expectShown(ann, 'roster', 'told: ann (me)');
      await ann.locator('#one').click();
      await expectShown(ann, 'roster', 'told: ann (me)');
    } finally {
      await locked.close();
    }
  });

  test('opens as often as it closes, on one connection, whatever is shown', async () => {
    const page = await open('Ann');
    await expectShown(page, 'status', 'synced 0');
    await page.locator('#type').click();
    for (const name of ['two', 'one', 'two', 'one']) {
      await page.locator(`#${name}`).click();
      await expectShown(page, 'text', name === 'one' ? 'x' : '');
      await expectShown(page, 'status', 'synced 0');
    }
    const opened = await page.evaluate(() => {
      const providers = [...window.react.providers];
      return {
        connections: new Set(providers.map(({ connection }) => connection)).size,
        live: providers.filter(({ shouldConnect }) => shouldConnect).length,
        asked: window.react.asked,
      };
    });
    expect(opened).toEqual({ connections: 1, live: 1, asked: 1 });
    await page.locator('#none').click();
    await expect
      .poll(
        () => page.evaluate(() => [...window.react.providers].map(({ connection }) => connection.state)),
        patience,
      )
      .toEqual(expect.not.arrayContaining(['open']));
  });
});
