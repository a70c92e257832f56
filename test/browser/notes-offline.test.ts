// The notes app in a real browser when the server is gone, the network too, and the browser itself is closed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launchChromium, launchDevice } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';
import {
  expectStatus,
  expectTitles,
  expectWaiting,
  openNotesWindow,
  openSaved,
  patience,
  savedOnServer,
  type NotesWindow,
} from './notes-window.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('notes app without a network', () => {
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
    // The test before may have left it dead.
    await server.kill();
    await server.start();
    notebook = `offlinebook0000${String(++notebookNumber).padStart(4, '0')}`;
    context = await browser.newContext();
    elsewhere = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
    await elsewhere.close();
  });

  const app = (): string => `${server.url}notes/`;
  const address = (): string => `${app()}#${notebook}`;

  test('Q5 with server and network gone, app, list and every note start from this device', async () => {
    const there = await openSaved(elsewhere, address());
    await there.write('Written elsewhere', 'and never opened here');
    await expectStatus(there, savedOnServer);
    const here = await openSaved(context, address());
    await here.write('Written here', 'by this device');
    await expectStatus(here, savedOnServer);
    await here.installed();
    await expectWhole(here, notebook, 2);
    await here.page.close();

    await server.kill();
    try {
      await context.setOffline(true);
      const cold = await openNotesWindow(context, app());
      await expectTitles(cold, ['Written here', 'Written elsewhere']);
      await expectStatus(cold, 'Offline');
      await cold.open('Written elsewhere');
      await expect.poll(() => cold.text(), patience).toBe('Written elsewhere\nand never opened here');
      await cold.open('Written here');
      await expect.poll(() => cold.text(), patience).toBe('Written here\nby this device');
      expect(await cold.detail('device')).toBe('Has everything saved.');
      expect(await cold.detail('shell')).toContain('Yes');
    } finally {
      await server.start();
    }
  });

  test('Q6 what was written without a network outlives the browser, and comes to the server unopened', async () => {
    const profile = await mkdtemp(join(tmpdir(), 'heddle-notes-'));
    try {
      let device = await launchDevice(executablePath!, profile);
      const first = await openSaved(device, address());
      await first.write('Begun online', 'one');
      await expectStatus(first, savedOnServer);
      await first.installed();

      await server.kill();
      await device.setOffline(true);
      await expectStatus(first, 'Offline');
      await first.page.keyboard.type(' two');
      await expectStatus(first, 'Offline, 1 note waiting');
      await first.write('Written offline', 'text');
      await expectStatus(first, 'Offline, 2 notes waiting');
      await expectWaiting(first, ['Written offline', 'Begun online']);
      await expect.poll(() => first.detail('device'), patience).toBe('Has everything saved.');
      await device.close();

      device = await launchDevice(executablePath!, profile);
      await device.setOffline(true);
      const again = await openNotesWindow(device, app());
      await expectTitles(again, ['Written offline', 'Begun online']);
      await expectStatus(again, 'Offline, 2 notes waiting');
      await expectWaiting(again, ['Written offline', 'Begun online']);
      await again.open('Begun online');
      await expect.poll(() => again.text(), patience).toBe('Begun online\none two');
      await expectStatus(again, 'Offline, 2 notes waiting');

      // 'Written offline' is not opened any more: it gets there all the same.
      await server.start();
      await device.setOffline(false);
      await expectStatus(again, savedOnServer);
      await expectWaiting(again, []);
      const there = await openSaved(elsewhere, address());
      await expectTitles(there, ['Written offline', 'Begun online']);
      await there.open('Written offline');
      await expect.poll(() => there.text(), patience).toBe('Written offline\ntext');
      await there.open('Begun online');
      await expect.poll(() => there.text(), patience).toBe('Begun online\none two');
      await device.close();
    } finally {
      await server.kill();
      await server.start();
      await rm(profile, { recursive: true, force: true });
    }
  });

  test('Q6 a window that ends in the middle of a word leaves a list that says it all the same', async () => {
    const cut = await openSaved(context, address());
    await cut.installed();
    await cut.write('Cut');
    await expectStatus(cut, savedOnServer);
    await context.setOffline(true);
    await server.kill();
    await cut.page.keyboard.type(' short by a crash');
    await cut.page.waitForFunction(() => {
      const { status } = window.heddleNotes!.note!.provider;
      return status.unsyncedChanges > 0 && status.savedLocally;
    });
    await cut.page.close();
    const again = await openNotesWindow(context, app());
    await expectTitles(again, ['Cut short by a crash']);
    await expectStatus(again, 'Offline, 1 note waiting');
  });

  test('Q12 tabs of one browser show the same notes, also without a network', async () => {
    const one = await openSaved(context, address());
    await one.installed();
    await one.write('Begun in one tab');
    await expectStatus(one, savedOnServer);
    await context.setOffline(true);
    await server.kill();
    const other = await openNotesWindow(context, address());
    await other.open('Begun in one tab');
    await other.type(', gone on with in another');
    await expectTitles(one, ['Begun in one tab, gone on with in another']);
    await expect.poll(() => one.text(), patience).toBe('Begun in one tab, gone on with in another');
    await expectWaiting(one, ['Begun in one tab, gone on with in another']);
    // The tab that wrote it is gone: the one that stays brings it to the server.
    await other.page.close();
    await server.start();
    await context.setOffline(false);
    await expectStatus(one, savedOnServer);
    const there = await openSaved(elsewhere, address());
    await expectTitles(there, ['Begun in one tab, gone on with in another']);
  });

  test('Q6 a deletion without a network waits too, and is done when the network is back', async () => {
    const here = await openSaved(context, address());
    const there = await openSaved(elsewhere, address());
    await here.write('Not for long');
    await expectTitles(there, ['Not for long']);
    await expectStatus(here, savedOnServer);
    await context.setOffline(true);
    await server.kill();
    await expectStatus(here, 'Offline');
    await here.part('delete').click();
    await expectStatus(here, 'Offline, 1 change waiting');
    await server.start();
    await context.setOffline(false);
    await expectStatus(here, savedOnServer);
    await expectTitles(there, []);
  });

  test('Q7 the pill goes through what is true: loading, connecting, saved, offline, syncing, saved', async () => {
    await context.addInitScript(recordLabels);
    const window = await openSaved(context, address());
    await window.write('a');
    await expectStatus(window, savedOnServer);
    expect(await window.detail('connection')).toBe('One WebSocket for all notes.');
    await server.kill();
    await expectStatus(window, 'Offline');
    await window.type('b');
    await expectStatus(window, 'Offline, 1 note waiting');
    expect(await window.detail('server')).toContain('Not there yet: 1 note.');
    await server.start();
    await expectStatus(window, savedOnServer);
    const labels = await window.page.evaluate(() => (globalThis as unknown as { labels: string[] }).labels);
    expect(labels[0]).toBe('Loading');
    expect(['Connecting', 'Syncing']).toContain(labels[1]);
    expect(labels).toContain('Syncing 1 note');
    expect(labels.indexOf('Offline')).toBeGreaterThan(labels.indexOf(savedOnServer));
  });

  test('Q7 a right to read only is told; what is typed all the same stays here, and the pill says why', async () => {
    const there = await openSaved(elsewhere, address());
    await there.write('To be read');
    await expectStatus(there, savedOnServer);
    await context.route('**/demo/token', async (route) => {
      const asked = route.request().postDataJSON() as Record<string, unknown>;
      await route.continue({ postData: JSON.stringify({ ...asked, access: 'read' }) });
    });
    const first = await openNotesWindow(context, address());
    await expectStatus(first, 'Synced, read-only');
    await first.open('To be read');
    const editor = (reader: NotesWindow): Locator => reader.part('editor').locator('.tiptap');
    await expect.poll(() => editor(first).getAttribute('contenteditable'), patience).toBe('false');
    await first.installed();
    await first.page.close();
    // Without a network nobody knows the right.
    await context.setOffline(true);
    const reader = await openNotesWindow(context, app());
    await reader.open('To be read');
    await editor(reader).click();
    await reader.page.keyboard.type('mine ');
    await context.setOffline(false);
    await expectStatus(reader, 'Read-only: edits stay here');
    await expect.poll(() => editor(reader).getAttribute('contenteditable'), patience).toBe('false');
    expect(await reader.waitingTitles()).toHaveLength(1);
    await expect.poll(() => there.text(), patience).toBe('To be read');
  });
});

/** Waits until this device has so many notes whole. */
async function expectWhole(window: NotesWindow, notebook: string, count: number): Promise<void> {
  const read = (): Promise<number> =>
    window.page.evaluate((key) => {
      const record = JSON.parse(localStorage.getItem(key) ?? '{}') as { whole?: object };
      return Object.keys(record.whole ?? {}).length;
    }, `heddle-notes.record.${notebook}`);
  await expect.poll(read, patience).toBe(count);
}

/** Runs in the page before anything else: keeps every label that the pill has had. */
function recordLabels(): void {
  const labels: string[] = [];
  (globalThis as unknown as { labels: string[] }).labels = labels;
  const note = (): void => {
    const label = document.getElementById('status-label')?.textContent;
    if (label && labels.at(-1) !== label) labels.push(label);
  };
  new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
}
