// What both example pages look like: the colour of the pill, what can be read, what a finger finds.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';
import { contrastOf, hardToRead, hueOf, tabThrough, tooSmallForFingers } from './look.js';

const executablePath = findChromium();
const patience = { timeout: 20_000, interval: 50 };
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

describe.skipIf(executablePath === undefined)('look of the example pages', () => {
  let server: DemoServer;
  let browser: Browser;
  let number = 0;

  beforeAll(async () => {
    server = await startDemoServer();
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const pages = { editor: '?doc=look-', notes: 'notes/#looknotebook' } as const;
  type Name = keyof typeof pages;
  const names = Object.keys(pages) as Name[];

  /** Opens a page of a document or notebook of its own in a window of its own. */
  async function open(name: Name, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(`${server.url}${pages[name]}${String(++number).padStart(6, '0')}`);
    await expectPhase(page, 'synced');
    return page;
  }

  async function expectPhase(page: Page, phase: string): Promise<void> {
    await expect.poll(() => page.getByTestId('status').getAttribute('data-phase'), patience).toBe(phase);
  }

  const dialogs: Record<Name, readonly string[]> = {
    editor: ['status', 'document-menu', 'new-document', 'about'],
    notes: ['status', 'notebook', 'trash'],
  };

  const looks = names.flatMap((name) =>
    (['light', 'dark'] as const).map((scheme) => [name, scheme] as const),
  );

  test.each(looks)(
    'Q13 the pill of the %s page (%s) is green when all is saved, amber when it waits, red when it is refused',
    async (name, colorScheme) => {
      const page = await open(name, { colorScheme });
      const pill = page.getByTestId('status');
      const dot = pill.locator('.status-dot');
      const look = async (): Promise<{ hue: number; contrast: number }> => ({
        hue: await hueOf(dot),
        contrast: await contrastOf(pill.locator('#status-label')),
      });
      try {
        const saved = await look();
        expect(saved.hue).toBeGreaterThan(120);
        expect(saved.hue).toBeLessThan(160);
        await server.kill();
        await expectPhase(page, 'offline');
        const away = await look();
        expect(away.hue).toBeGreaterThan(25);
        expect(away.hue).toBeLessThan(60);
        await page.route('**/demo/token', (route) => route.fulfill({ status: 403, body: 'no' }));
        await server.start();
        await page.reload();
        await expectPhase(page, 'refused');
        const refused = await look();
        expect(refused.hue).toBe(0);
        for (const { contrast } of [saved, away, refused]) expect(contrast).toBeGreaterThan(4.5);
      } finally {
        await server.kill();
        await server.start();
        await page.context().close();
      }
    },
  );

  test.each(looks)(
    'Q13 every text of the %s page (%s) can be read, in its dialogs too',
    async (name, colorScheme) => {
      const page = await open(name, { colorScheme });
      if (name === 'notes') await page.getByTestId('new-note').click();
      await page.locator('.tiptap').click();
      await page.keyboard.type('Words');
      await expectPhase(page, 'synced');
      expect(await hardToRead(page)).toEqual([]);
      for (const id of dialogs[name]) {
        await page.locator(`#${id}`).click();
        expect(await hardToRead(page)).toEqual([]);
        await page.keyboard.press('Escape');
      }
      await page.context().close();
    },
  );

  test.each(names)('Q15 on a phone a finger finds everything on the %s page', async (name) => {
    const page = await open(name, phone);
    expect(await tooSmallForFingers(page)).toEqual([]);
    await page.getByTestId('status').click();
    await page.getByTestId('status-dialog').waitFor();
    expect(await tooSmallForFingers(page)).toEqual([]);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)(
    'U59 the name at a caret can be read (%s), and has the colour of its avatar',
    async (colorScheme) => {
      const page = await open('editor', { colorScheme });
      const other = await (await browser.newContext()).newPage();
      await other.goto(page.url());
      await other.locator('.tiptap').click();
      await other.keyboard.type('Words');
      const label = page.locator('.collaboration-carets__label');
      await label.waitFor();
      expect(await contrastOf(label)).toBeGreaterThan(4.5);
      const colorOf = (element: Element): string => getComputedStyle(element).backgroundColor;
      const avatar = page.locator(`.avatar[title="${await label.innerText()}"]`);
      expect(await avatar.evaluate(colorOf)).toBe(await label.evaluate(colorOf));
      await other.context().close();
      await page.context().close();
    },
  );

  test.each(names)(
    'U66 on the %s page the status is told to screen readers, and not inside a button',
    async (name) => {
      const page = await open(name);
      const told = page.locator('[role=status]', {
        hasText: await page.locator('#status-label').innerText(),
      });
      expect(await told.count()).toBe(1);
      expect(await page.locator('button [role=status], button [aria-live]').count()).toBe(0);
      await page.context().close();
    },
  );

  test.each(names)('U66 whatever can be pressed or filled in on the %s page has a name', async (name) => {
    const page = await open(name);
    const nameless = await page.$$eval('button, a[href], input, [role=textbox], dialog', (elements) =>
      elements
        .filter((one) => {
          const labels = one instanceof HTMLInputElement ? [...(one.labels ?? [])] : [];
          const by = document.getElementById(one.getAttribute('aria-labelledby') ?? '');
          const text =
            one instanceof HTMLInputElement || one instanceof HTMLDialogElement ? '' : one.textContent;
          const said = [one.getAttribute('aria-label'), text, ...labels.map((label) => label.textContent)];
          // What a dialog, or a button that is hidden until it is needed, is called is put in when it is shown.
          return (
            by === null &&
            !one.hasAttribute('hidden') &&
            one.id !== 'confirm-yes' &&
            said.join('').trim() === ''
          );
        })
        .map((one) => one.outerHTML),
    );
    expect(nameless).toEqual([]);
    await page.context().close();
  });

  test.each(names)(
    'U67 every address in the %s page is relative, so that it works below a base path',
    async (name) => {
      const page = await open(name);
      const html = await (await page.request.get(page.url())).text();
      const addresses = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address);
      expect(addresses.length).toBeGreaterThan(4);
      expect(addresses.filter((address) => !/^(?:\.{1,2}\/|#)/.test(address!))).toEqual([]);
      await page.context().close();
    },
  );

  test.each(names)(
    'Q25 the keyboard reaches everything on the %s page, and what has the focus shows it',
    async (name) => {
      const page = await open(name);
      const { reached, unseen, missed } = await tabThrough(page);
      expect(reached.length).toBeGreaterThan(6);
      expect(unseen).toEqual([]);
      expect(missed).toEqual([]);
      await page.context().close();
    },
  );

  test.each(names)(
    'Q15 on a phone the dialogs of the %s page fit, and a finger finds all that is in them',
    async (name) => {
      const page = await open(name, phone);
      for (const id of dialogs[name]) {
        // In the drawer, some of them.
        await page.locator(`#${id}`).evaluate((button) => (button as HTMLButtonElement).click());
        const dialog = page.locator('dialog[open]');
        await dialog.waitFor();
        const box = (await dialog.boundingBox())!;
        expect([id, box.x >= 0, box.x + box.width <= 390, box.y >= 0]).toEqual([id, true, true, true]);
        expect(await dialog.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
        expect(await tooSmallForFingers(page)).toEqual([]);
        await page.keyboard.press('Escape');
      }
      await page.context().close();
    },
  );

  test.each(names)('U8, Q10 a long status fits a phone on the %s page', async (name) => {
    const page = await open(name, phone);
    if (name === 'notes') await page.getByTestId('new-note').click();
    await page.locator('.tiptap').click();
    await page.keyboard.type('Words');
    await expectPhase(page, 'synced');
    await server.kill();
    try {
      await expectPhase(page, 'offline');
      await page.keyboard.type(' without a network');
      await expect.poll(() => page.getByTestId('status').innerText(), patience).toMatch(/waiting/);
      const pill = await page.getByTestId('status').boundingBox();
      expect(pill!.x + pill!.width).toBeLessThanOrEqual(390);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    } finally {
      await server.start();
      await page.context().close();
    }
  });
});
