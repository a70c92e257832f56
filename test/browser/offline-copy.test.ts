// The offline copy in a real browser: its IndexedDB, its quota, its Web Locks, and tabs that are closed and crash.

import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from './chromium.js';
import type { offlinePage } from './offline-page.js';

declare global {
  interface Window {
    readonly offlinePage: typeof offlinePage;
  }
}

const executablePath = findChromium();
const address = 'http://localhost:1/';
const patience = { timeout: 15_000, interval: 50 };

describe.skipIf(executablePath === undefined)('offline copy in a browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let script: string;

  beforeAll(async () => {
    script = await builtScript();
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
  });

  beforeEach(async () => {
    context = await browser.newContext();
    await context.route('**/*', (route) =>
      route.request().url().endsWith('.js')
        ? route.fulfill({ contentType: 'text/javascript', body: script })
        : route.fulfill({
            contentType: 'text/html',
            body: '<!doctype html><script type="module" src="/page.js"></script>',
          }),
    );
  });

  afterEach(async () => {
    await context.close();
  });

  async function newPage(): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    await page.waitForFunction(() => 'offlinePage' in window);
    return page;
  }

  const open = (page: Page, name = 'doc', timeoutMs?: number) =>
    page.evaluate(([name, timeoutMs]) => window.offlinePage.open(name, timeoutMs), [
      name,
      timeoutMs,
    ] as const);
  const type = (page: Page, text: string) => page.evaluate((text) => window.offlinePage.type(text), text);
  const flush = (page: Page) => page.evaluate(() => window.offlinePage.flush());
  const state = (page: Page) => page.evaluate(() => window.offlinePage.state());
  const receive = (page: Page, text: string, offset: number) =>
    page.evaluate(([text, offset]) => window.offlinePage.receive(text, offset), [text, offset] as const);

  async function openPage(name = 'doc'): Promise<Page> {
    const page = await newPage();
    expect(await open(page, name)).toMatchObject({ result: 'loaded' });
    return page;
  }

  /** How many rows are stored. */
  const countRows = (page: Page): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const request = indexedDB.open('doc');
          request.addEventListener('error', () => reject(new Error('not opened')));
          request.addEventListener('success', () => {
            const database = request.result;
            const count = database.transaction('updates').objectStore('updates').count();
            count.addEventListener('success', () => {
              database.close();
              resolve(count.result);
            });
          });
        }),
    );

  test('I1 what was typed is saved by itself, and there after a reload', async () => {
    const page = await openPage();
    const wasSaved = await page.evaluate(() => {
      window.offlinePage.type('warp and weft');
      return window.offlinePage.state().isSaved;
    });
    expect(wasSaved).toBe(false);
    await expect.poll(async () => (await state(page)).isSaved, patience).toBe(true);
    await page.reload();
    await page.waitForFunction(() => 'offlinePage' in window);
    expect(await open(page)).toMatchObject({ result: 'loaded', pending: 1 });
    expect((await state(page)).text).toBe('warp and weft');
  });

  test('I12 a full device is reported, and the edit is stored when there is room again', async () => {
    const page = await newPage();
    const cdp = await context.newCDPSession(page);
    const origin = address.slice(0, -1);
    // The browser allows some hundred kilobytes more.
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 100_000 });
    expect(await open(page)).toMatchObject({ result: 'loaded' });
    await type(page, 'kept '.repeat(1_000_000));
    expect(await flush(page)).toBe('OFFLINE_QUOTA');
    expect(await state(page)).toMatchObject({ isSaved: false, errors: ['OFFLINE_QUOTA'] });
    await type(page, 'and more');
    await cdp.send('Storage.overrideQuotaForOrigin', { origin });
    expect(await flush(page)).toBe('flushed');
    expect((await state(page)).isSaved).toBe(true);
    const next = await openPage();
    expect((await state(next)).text.length).toBe(5_000_008);
  });

  test('I10 a page that may not use IndexedDB is told so', async () => {
    const page = await newPage();
    await page.evaluate((src) => {
      const frame = document.createElement('iframe');
      frame.setAttribute('sandbox', 'allow-scripts');
      frame.srcdoc = `<script type="module">${src.replaceAll('</script', String.raw`<\/script`)}</script>`;
      document.body.append(frame);
    }, script);
    await expect.poll(() => page.frames().length, patience).toBe(2);
    const frame = page.frames()[1]!;
    await frame.waitForFunction(() => 'offlinePage' in window);
    const opened = await frame.evaluate(() => window.offlinePage.open('doc'));
    expect(opened.result).toBe('OFFLINE_UNAVAILABLE');
    await frame.evaluate(() => window.offlinePage.close());
    await page.evaluate(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('refused', 'SecurityError');
      };
    });
    expect((await open(page)).result).toBe('OFFLINE_UNAVAILABLE');
  });

  test('I10 an open that somebody blocks ends in time, and what opens later is let go of', async () => {
    const [holder, upgrader, page] = [await newPage(), await newPage(), await newPage()];
    await holder.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const request = indexedDB.open('doc', 1);
          request.addEventListener('success', () => {
            Object.assign(window, { held: request.result });
            resolve();
          });
        }),
    );
    await upgrader.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const request = indexedDB.open('doc', 2);
          request.addEventListener('blocked', () => resolve());
          request.addEventListener('success', () => request.result.close());
        }),
    );
    expect((await open(page, 'doc', 500)).result).toBe('OFFLINE_TIMEOUT');
    await holder.evaluate(() => (window as unknown as { held: IDBDatabase }).held.close());
    expect(await holder.evaluate(() => window.offlinePage.clear('doc'))).toBe('cleared');
    expect(await open(upgrader)).toMatchObject({ result: 'loaded' });
  });

  test('I13 a database deleted under the page is told of, and not made again', async () => {
    const page = await openPage();
    await type(page, 'gone');
    await flush(page);
    const other = await newPage();
    expect(await other.evaluate(() => window.offlinePage.clear('doc'))).toBe('cleared');
    await expect.poll(async () => (await state(page)).errors, patience).toEqual(['OFFLINE_DELETED']);
    await type(page, 'more');
    expect(await flush(page)).toBe('OFFLINE_DELETED');
    const names = await other.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    expect(names).not.toContain('doc');
    expect(await other.evaluate(() => window.offlinePage.list())).toEqual([]);
  });

  test('I13 when the browser clears the data of the site, the document is written anew', async () => {
    const page = await openPage();
    await type(page, 'kept');
    await flush(page);
    const cdp = await context.newCDPSession(page);
    await cdp.send('Storage.clearDataForOrigin', { origin: address.slice(0, -1), storageTypes: 'indexeddb' });
    await type(page, ' all');
    await expect.poll(async () => (await state(page)).isSaved, patience).toBe(true);
    await page.close();
    const next = await openPage();
    expect((await state(next)).text).toBe('kept all');
  });

  test('I7 of two tabs one stores what comes from elsewhere, and the other takes over when it is closed', async () => {
    const [first, second] = [await openPage(), await openPage()];
    for (const page of [first, second]) await receive(page, 'theirs', 1);
    await flush(first);
    await flush(second);
    expect(await countRows(second)).toBe(1);
    await receive(second, 'missed', 2);
    await first.close();
    await expect.poll(async () => countRows(second), patience).toBe(2);
    await receive(second, 'last', 3);
    await flush(second);
    const third = await openPage();
    expect((await state(third)).text.length).toBe('theirsmissedlast'.length);
  });

  test('I8 the edits of a tab that crashed are found by the next, those of an open one are left to it', async () => {
    const [first, second] = [await openPage(), await openPage()];
    await type(first, 'first');
    await type(second, 'second');
    await flush(first);
    await flush(second);
    const cdp = await context.newCDPSession(second);
    const crashed = second.waitForEvent('crash');
    void cdp.send('Page.crash').catch(() => {});
    await crashed;
    await expect
      .poll(async () => {
        const page = await newPage();
        const { pending } = await open(page);
        return pending;
      }, patience)
      .toBe(1);
    await first.close();
    const last = await newPage();
    expect((await open(last)).pending).toBe(1);
    expect((await state(last)).text.length).toBe('firstsecond'.length);
  });

  test('I14, I16: copies are listed, and those that are closed and on the server make room', async () => {
    const page = await openPage('closed');
    await receive(page, 'theirs', 1);
    await page.evaluate(() => window.offlinePage.close());
    const other = await openPage('open');
    await receive(other, 'theirs', 1);
    await flush(other);
    expect(await page.evaluate(() => window.offlinePage.evict({ maxBytes: 0 }))).toEqual(['closed']);
    const listed = await page.evaluate(() => window.offlinePage.list());
    expect(listed.map(({ name }) => name)).toEqual(['open']);
  });
});

/** The page's script, in one file. */
async function builtScript(): Promise<string> {
  const entry = fileURLToPath(new URL('offline-page.ts', import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: 'page' },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !('output' in output)) throw new Error('nothing was built');
  return output.output[0].code;
}
