// The notes app in a real browser against the real server: what it promises while there is a network.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launchChromium, launchDevice } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';
import { NewerVersion } from './newer-version.js';
import {
  expectStatus,
  expectTitles,
  NotesWindow,
  openNotesWindow,
  openSaved,
  patience,
  savedOnServer,
} from './notes-window.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('notes app', () => {
  let server: DemoServer;
  let browser: Browser;
  let context: BrowserContext;
  let elsewhere: BrowserContext;
  let notebookNumber = 0;
  let notebook: string;

  beforeAll(async () => {
    server = await startDemoServer();
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(async () => {
    notebook = `notebookoftest${String(++notebookNumber).padStart(4, '0')}`;
    context = await browser.newContext();
    elsewhere = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
    await elsewhere.close();
  });

  const app = (): string => `${server.url}notes/`;
  const address = (): string => `${app()}#${notebook}`;

  test('Q1, Q4 two devices see each other’s notes as they are written, by title, first line and time', async () => {
    const here = await openSaved(context, address());
    const there = await openSaved(elsewhere, address());
    expect(await there.page.locator('#list-empty').innerText()).toBe('No notes yet.');
    await here.write('Shopping', 'oats and coffee');
    await expectTitles(there, ['Shopping']);
    await expect
      .poll(() => there.part('notes').locator('.note-excerpt').allInnerTexts(), patience)
      .toEqual(['oats and coffee']);
    expect(await there.part('notes').locator('.note-when').allInnerTexts()).toEqual(['just now']);

    await there.write('Loom', 'heddle 120');
    await expectTitles(here, ['Loom', 'Shopping']);
    await here.open('Loom');
    await expect.poll(() => here.text(), patience).toBe('Loom\nheddle 120');
    await there.page.keyboard.type(', reed 40');
    await expect.poll(() => here.text(), patience).toBe('Loom\nheddle 120, reed 40');
    await expect.poll(() => there.status(), patience).toBe(savedOnServer);
  });

  test('U68 a new note has a row in the list before anything is written in it, and leaves none behind when nothing is', async () => {
    const here = await openSaved(context, address());
    await here.write('Shopping');
    await expectTitles(here, ['Shopping']);
    await here.part('new-note').click();
    await expectTitles(here, ['New note', 'Shopping']);
    const row = here.part('notes').locator('.note-link').first();
    expect(await row.getAttribute('aria-current')).toBe('page');
    expect(await row.locator('.note-excerpt').innerText()).toBe('Nothing written yet');
    await here.part('editor').locator('.tiptap:focus').waitFor();
    await here.page.keyboard.type('Loom');
    await expectTitles(here, ['Loom', 'Shopping']);
    await here.part('new-note').click();
    await expectTitles(here, ['New note', 'Loom', 'Shopping']);
    await here.open('Shopping');
    await expectTitles(here, ['Loom', 'Shopping']);
  });

  test('Q1 the first line renames the note, everywhere', async () => {
    const here = await openSaved(context, address());
    const there = await openSaved(elsewhere, address());
    await here.write('Drft');
    await expectTitles(there, ['Drft']);
    await here.page.keyboard.press('Control+A');
    await here.page.keyboard.type('Draft of a letter');
    await expectTitles(there, ['Draft of a letter']);
    expect(await here.page.title()).toBe('Draft of a letter · Heddle Notes');
  });

  test('Q2 the search finds words in titles and texts of notes that this device never opened', async () => {
    const here = await openSaved(context, address());
    await here.write('Loom', `${'warp and weft '.repeat(30)}linen`);
    await here.write('Porto', 'train at 7:40');
    await expectStatus(here, savedOnServer);
    const there = await openSaved(elsewhere, address());
    await there.part('search').fill('LINEN');
    await expectTitles(there, ['Loom']);
    expect(await there.part('notes').locator('mark').allInnerTexts()).toEqual(['linen']);
    await there.part('search').fill('porto train');
    await expectTitles(there, ['Porto']);
    await there.part('search').fill('nowhere');
    await expect.poll(() => there.page.locator('#list-note').innerText(), patience).toBe('No notes found');
    await there.page.keyboard.press('Escape');
    await expectTitles(there, ['Porto', 'Loom']);
  });

  test('Q3 a deleted note is gone on every device, and undo brings it back', async () => {
    const here = await openSaved(context, address());
    const there = await openSaved(elsewhere, address());
    await here.write('Keep me', 'or not');
    await expectTitles(there, ['Keep me']);
    await here.part('delete').click();
    await expectTitles(here, []);
    await expectTitles(there, []);
    await here.page.getByRole('button', { name: 'Undo' }).and(here.page.locator('#toast-action')).click();
    await expectTitles(there, ['Keep me']);
    await expect.poll(() => here.text(), patience).toBe('Keep me\nor not');
  });

  test('Q4 the link opens the notebook elsewhere; one’s own stays in the list of this device', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const here = await openSaved(context, address());
    await here.write('For you');
    await here.part('notebook').click();
    await here.page.getByLabel('Name', { exact: true }).fill('Weaving');
    await here.part('share').click();
    const link = await here.page.evaluate(() => navigator.clipboard.readText());
    expect(link).toBe(address());
    await here.page.keyboard.press('Escape');

    const there = await openNotesWindow(elsewhere, app());
    await expectStatus(there, savedOnServer);
    await there.write('My own');
    await there.page.goto(link);
    await expectTitles(there, ['For you']);
    await expect.poll(() => there.page.locator('#notebook-name').innerText(), patience).toBe('Weaving');
    await there.part('notebook').click();
    await there.part('notebooks').getByRole('link').click();
    await expectTitles(there, ['My own']);
  });

  test('Q4 the token is for one notebook: another one cannot be had with it, and the pill says so', async () => {
    await context.route('**/demo/token', async (route) => {
      const asked = route.request().postDataJSON() as Record<string, unknown>;
      await route.continue({ postData: JSON.stringify({ ...asked, notebook: 'someothernotebook' }) });
    });
    const window = await openNotesWindow(context, address());
    await expectStatus(window, 'No access');
    expect(await window.detail('server')).toContain('This link does not let you in.');
  });

  test('Q8 the service worker answers for the app’s own files alone', async () => {
    const first = await openSaved(context, address());
    await first.installed();
    const kept = await first.page.evaluate(async () => {
      const [name = ''] = await caches.keys();
      return (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
    });
    expect(kept).toContain('/notes/');
    expect(kept.filter((path) => !/^\/(notes|assets)\//.test(path))).toEqual([]);

    const second = new NotesWindow(await context.newPage());
    const fromNetwork: string[] = [];
    const fromWorker: string[] = [];
    second.page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      (response.fromServiceWorker() ? fromWorker : fromNetwork).push(pathname);
    });
    await second.page.goto(address());
    await expectStatus(second, savedOnServer);
    expect(fromWorker).toContain('/notes/');
    const other = await second.page.evaluate(async () => {
      const { headers } = await fetch('../demo/documents');
      return headers.get('cache-control');
    });
    expect(other).toBe('no-store');
    expect(fromWorker.filter((path) => path.startsWith('/demo'))).toEqual([]);
    expect(new Set(fromNetwork)).toEqual(new Set(['/demo/token', '/demo/documents']));
  });

  test('Q8 a new version is offered, and taken when the reader agrees', async () => {
    const front = new NewerVersion(server.url);
    const url = await front.start();
    try {
      const window = await openNotesWindow(context, `${url}notes/#${notebook}`);
      await window.installed();
      const search = window.part('search');
      // The first visit comes from the network, the next from this device.
      await window.page.reload();
      expect(await search.getAttribute('placeholder')).toBe('Search');
      front.isNewer = true;
      await window.page.reload();
      await window.page.getByText('A new version is here.').waitFor();
      expect(await search.getAttribute('placeholder')).toBe('Search');
      await window.page.getByRole('button', { name: 'Use it' }).click();
      await expect.poll(() => search.getAttribute('placeholder'), patience).toBe('Search, newer');
      expect(await window.page.evaluate(() => caches.keys())).toEqual(['heddle-notes /notes/ newer']);
      expect(await window.page.locator('#toast').getAttribute('class')).toBe('toast');
    } finally {
      await front.close();
    }
  });

  test('Q9 the browser finds nothing that keeps the app from being installed', async () => {
    const profile = await mkdtemp(join(tmpdir(), 'heddle-notes-'));
    const device = await launchDevice(executablePath!, profile);
    try {
      const window = await openSaved(device, address());
      await window.installed();
      const devtools = await device.newCDPSession(window.page);
      const { errors, data } = await devtools.send('Page.getAppManifest');
      expect(errors).toEqual([]);
      const icons = (JSON.parse(data!) as { icons: { purpose: string; src: string }[] }).icons;
      expect(icons.map(({ purpose }) => purpose)).toContain('maskable');
      for (const { src } of icons)
        expect((await window.page.request.get(`${app()}${src}`)).headers()['content-type']).toMatch(/^image/);
      await expect
        .poll(
          async () => (await devtools.send('Page.getInstallabilityErrors')).installabilityErrors,
          patience,
        )
        .toEqual([]);
    } finally {
      await device.close();
      await rm(profile, { recursive: true, force: true });
    }
  });

  test('Q10 it fits a phone: nothing scrolls sideways, fields do not zoom, the list and the note take turns', async () => {
    const phone = await browser.newContext({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    try {
      const window = await openSaved(phone, address());
      const width = (): Promise<number> => window.page.evaluate(() => document.documentElement.scrollWidth);
      expect(await width()).toBe(390);
      const fontSizes = await window.page.$$eval('input', (inputs) =>
        inputs.map((input) => parseFloat(getComputedStyle(input).fontSize)),
      );
      expect(Math.min(...fontSizes)).toBeGreaterThanOrEqual(16);
      await window.write('A note with averyveryveryveryveryveryveryveryverylongwordthatmustbreak', 'text');
      expect(await width()).toBe(390);
      expect(await window.part('notes').isVisible()).toBe(false);
      await window.page.getByRole('link', { name: 'All notes' }).click();
      expect(await window.part('editor').isVisible()).toBe(false);
      expect(await width()).toBe(390);
      const focused = await window.page.evaluate(() => document.activeElement?.className);
      expect(focused).toBe('note-link');
      await window.page.goBack();
      await expect.poll(() => window.part('editor').isVisible(), patience).toBe(true);
    } finally {
      await phone.close();
    }
  });

  test('Q10 it can be used with the keyboard alone', async () => {
    const window = await openSaved(context, address());
    const focused = (): Promise<string | undefined> =>
      window.page.evaluate(() => document.activeElement?.id ?? undefined);
    await window.page.keyboard.press('/');
    expect(await focused()).toBe('search');
    await window.page.keyboard.press('Tab');
    expect(await focused()).toBe('new-note');
    await window.page.keyboard.press('Enter');
    await window.part('editor').locator('.tiptap:focus').waitFor();
    await window.page.keyboard.type('By hand / and key');
    await expectTitles(window, ['By hand / and key']);
    await window.part('status').focus();
    await window.page.keyboard.press('Enter');
    await window.part('status-dialog').waitFor();
    await window.page.keyboard.press('Escape');
    expect(await focused()).toBe('status');
    await window.page.keyboard.press('Tab');
    expect(await focused()).toBe('note-menu');
    await window.page.keyboard.press('Tab');
    await window.page.keyboard.press('Enter');
    await expectTitles(window, []);
    expect(await focused()).toBe('new-note');
  });

  test('Q10 nothing moves while the app loads', async () => {
    const writer = await openSaved(context, address());
    await writer.write('One');
    await writer.write('Two');
    await expectStatus(writer, savedOnServer);
    await context.addInitScript(recordShifts);
    const window = await openNotesWindow(context, writer.page.url());
    await expectStatus(window, savedOnServer);
    await expect.poll(() => window.text(), patience).toBe('Two');
    const shifts = await window.page.evaluate(() => (globalThis as unknown as { shifts: string[] }).shifts);
    expect(shifts).toEqual([]);
  });

  test('Q11 one socket carries all notes, everything comes from the own server, and nothing fails', async () => {
    const window = new NotesWindow(await context.newPage());
    const origins = new Set<string>();
    window.page.on('request', (request) => origins.add(new URL(request.url()).origin));
    await window.page.goto(address());
    await expectStatus(window, savedOnServer);
    for (const title of ['One', 'Two', 'Three']) await window.write(title);
    await window.open('One');
    await expectStatus(window, savedOnServer);
    await window.installed();
    expect(window.openSockets).toBe(1);
    expect([...origins]).toEqual([new URL(server.url).origin]);
    expect(window.failures).toEqual([]);
  });

  test('Q11 the demo editor and the app lead to each other, also without the slash', async () => {
    const window = await openNotesWindow(context, `${server.url}?doc=any`);
    await window.part('notes-link').click();
    await window.part('editor-link').click();
    await expect.poll(() => new URL(window.page.url()).pathname, patience).toBe('/');
    await window.page.goto(`${server.url}notes#${notebook}`);
    expect(window.page.url()).toBe(address());
  });
});

/** Runs in the page before anything else: keeps what moved by itself, and how far. */
function recordShifts(): void {
  interface Shift extends PerformanceEntry {
    readonly value: number;
    readonly sources: readonly { readonly node: Node | null }[];
  }
  const shifts: string[] = [];
  (globalThis as unknown as { shifts: string[] }).shifts = shifts;
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries() as Shift[]) {
      const moved = sources.map(({ node }) => (node as Element | null)?.id ?? node?.nodeName);
      shifts.push(`${value.toFixed(4)} ${moved.join(', ')}`);
    }
  }).observe({ type: 'layout-shift', buffered: true });
}
