// What can be done with a document of the demo page as a whole, in a real browser against the real server.

import { describe, expect, test } from 'vitest';
import { findChromium } from './chromium.js';
import { demoStage, expectPhase, patience } from './demo-stage.js';
import { openDemoWindow, type DemoWindow } from './demo-window.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('a document of the demo page', () => {
  const demo = demoStage(executablePath);

  test('Q22 a document is renamed for everybody, its links stay good, and the list of this device has its title', async () => {
    const elsewhere = await demo.browser.newContext();
    try {
      const here = await demo.openSynced();
      const there = await demo.openSynced('', elsewhere);
      await here.type('text');
      await here.part('document-menu').click();
      await here.page.getByLabel('Title, for everybody').fill('Notes of May!');
      await here.page.keyboard.press('Enter');
      expect(await here.part('document-dialog').isVisible()).toBe(false);
      await expect.poll(() => there.page.title(), patience).toBe('Notes of May! · Heddle');
      expect(await there.part('document-menu').innerText()).toBe('Notes of May!');
      await expect.poll(() => here.listedDocuments(), patience).toContain('Notes of May!');
      await here.page.reload();
      await expect.poll(() => here.page.title(), patience).toBe('Notes of May! · Heddle');
      expect(here.page.url()).toBe(demo.address());
    } finally {
      await elsewhere.close();
    }
  });

  test('Q22 the dialog has links to write and to read, and a reader can neither rename nor delete', async () => {
    await demo.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const here = await demo.openSynced();
    await here.part('document-menu').click();
    const copied = (): Promise<string> => here.page.evaluate(() => navigator.clipboard.readText());
    await here.page.getByRole('button', { name: 'Copy the link to write' }).click();
    await expect.poll(copied, patience).toBe(demo.address());
    await here.page.getByRole('button', { name: 'Copy the link to read' }).click();
    await expect.poll(copied, patience).toBe(demo.address('&access=read'));
    const reader = await demo.openSynced('&access=read');
    await reader.part('document-menu').click();
    expect(await reader.part('delete-document').isVisible()).toBe(false);
    expect(await reader.page.getByLabel('Title, for everybody').isVisible()).toBe(false);
    expect(await reader.part('document-read-link').isVisible()).toBe(true);
  });

  test('Q23 the copy is removed from this device, the window goes on, and the next opening makes a new one', async () => {
    const here = await demo.openSynced();
    await here.type('on the server');
    await expectPhase(here, 'synced');
    await here.part('document-menu').click();
    await here.part('clear-copy').click();
    await here.part('confirm-yes').click();
    await expect.poll(() => copies(here), patience).not.toContain(demo.documentName);
    await here.page.getByText('A new one is made when this is opened again.').waitFor();
    await here.type('!');
    await expectPhase(here, 'synced');
    await here.page.reload();
    await expect.poll(() => here.text(), patience).toBe('on the server!');
    await here.saved();
    expect(await copies(here)).toContain(demo.documentName);
  });

  test('Q23 before a copy is removed that has what the server lacks, the page warns, and takes no for an answer', async () => {
    const here = await demo.openSynced();
    await here.turnSwitch();
    await here.type('not on the server');
    await here.saved();
    await here.part('document-menu').click();
    await here.part('clear-copy').click();
    expect(await here.page.locator('#confirm-warning').innerText()).toContain('and they are lost');
    await here.page.keyboard.press('Escape');
    expect(await copies(here)).toContain(demo.documentName);
  });

  test('Q24, U62 a document is deleted on the server and from this device, and everybody who has it open is told', async () => {
    const elsewhere = await demo.browser.newContext();
    try {
      const here = await demo.openSynced();
      const there = await demo.openSynced('', elsewhere);
      await here.type('not for long');
      await expect.poll(() => there.text(), patience).toBe('not for long');
      await expect.poll(() => here.listedDocuments(), patience).toContain(demo.documentName);
      await here.part('document-menu').click();
      await here.part('delete-document').click();
      expect(await here.part('confirm-dialog').innerText()).toContain('Whoever has it open is told');
      await here.part('confirm-yes').click();
      await expect.poll(() => new URL(here.page.url()).search, patience).toBe('?doc=welcome');
      await expectPhase(there, 'refused');
      expect(await there.part('banner').innerText()).toContain('This document was deleted on the server.');
      await expect.poll(() => here.listedDocuments(), patience).not.toContain(demo.documentName);
      await expect.poll(() => copies(here), patience).not.toContain(demo.documentName);
      const newcomer = await demo.openSynced();
      expect(await newcomer.text()).toBe('');
    } finally {
      await elsewhere.close();
    }
  });

  test('U62 who has a deleted document open keeps its text, and can bring it back; a reader cannot', async () => {
    const elsewhere = await demo.browser.newContext();
    try {
      const here = await demo.openSynced();
      const there = await demo.openSynced('', elsewhere);
      const reader = await demo.openSynced('&access=read', elsewhere);
      await here.type('worth keeping');
      await expect.poll(() => there.text(), patience).toBe('worth keeping');
      await expect.poll(() => reader.text(), patience).toBe('worth keeping');
      await here.part('document-menu').click();
      await here.part('delete-document').click();
      await here.part('confirm-yes').click();
      await expectPhase(there, 'refused');
      await expectPhase(reader, 'refused');
      expect(await reader.part('banner').getByRole('button').count()).toBe(0);
      expect(await there.text()).toBe('worth keeping');
      await there.part('banner').getByRole('button', { name: 'Bring it back' }).click();
      await expectPhase(there, 'synced');
      const newcomer = await demo.openSynced();
      await expect.poll(() => newcomer.text(), patience).toBe('worth keeping');
    } finally {
      await elsewhere.close();
    }
  });

  test('U61 a new document has the title that was typed, and the caret is in its text', async () => {
    const window = await demo.openSynced();
    await window.part('new-document').click();
    await window.page.locator('#new-document-name').fill(`  Notes of May, № ${demo.documentNumber}!  `);
    await window.page.getByRole('button', { name: 'Create' }).click();
    const title = `Notes of May, № ${demo.documentNumber}!`;
    await expect.poll(() => window.page.title(), patience).toBe(`${title} · Heddle`);
    const isInText = (): Promise<boolean> =>
      window.page.evaluate(() => document.activeElement?.classList.contains('tiptap') === true);
    await expect.poll(isInText, patience).toBe(true);
    await window.page.keyboard.type('at once');
    expect(await window.text()).toBe('at once');
    await expectPhase(window, 'synced');
    const elsewhere = await demo.browser.newContext();
    try {
      const there = await openDemoWindow(elsewhere, window.page.url());
      await expect.poll(() => there.page.title(), patience).toBe(`${title} · Heddle`);
      expect(await there.text()).toBe('at once');
    } finally {
      await elsewhere.close();
    }
  });

  test('U61 a title of signs alone is one, and one that is there already opens that document as it is', async () => {
    const window = await demo.openSynced();
    const create = async (title: string): Promise<void> => {
      await window.part('new-document').click();
      await window.page.locator('#new-document-name').fill(title);
      await window.page.keyboard.press('Enter');
    };
    await create('🧶!');
    await expect.poll(() => window.page.title(), patience).toBe('🧶! · Heddle');
    expect(new URL(window.page.url()).searchParams.get('doc')).toMatch(/^document-[0-9a-f]{8}$/);
    await create(`Once ${demo.documentNumber}`);
    await expect.poll(() => window.page.title(), patience).toBe(`Once ${demo.documentNumber} · Heddle`);
    await window.saved();
    await expect.poll(() => window.listedDocuments(), patience).toContain(`Once ${demo.documentNumber}`);
    await create(`ONCE ${demo.documentNumber}`);
    await expectPhase(window, 'synced');
    expect(await window.page.title()).toBe(`Once ${demo.documentNumber} · Heddle`);
  });

  test('U60 title, status and tools stay in sight while a long text scrolls, and the caret stays below them', async () => {
    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ]) {
      const context = await demo.browser.newContext({ viewport });
      try {
        const window = await openDemoWindow(context, demo.address(`-${viewport.width}`));
        await window.type('first');
        for (let line = 0; line < 60; line++) await window.page.keyboard.press('Enter');
        await window.page.keyboard.insertText('last');
        const scrolled = (): Promise<number> => window.page.evaluate(() => globalThis.scrollY);
        await expect.poll(scrolled, patience).toBeGreaterThan(500);
        const places = await Promise.all(
          ['#title', '#status', '#toolbar'].map((part) => window.page.locator(part).boundingBox()),
        );
        for (const box of places) {
          expect(box!.y).toBeGreaterThanOrEqual(0);
          expect(box!.y + box!.height).toBeLessThan(200);
        }
        const tools = places[2]!;
        // What is seen there is the toolbar itself, with the text passing behind it.
        const seen = await window.page.evaluate(
          ([x, y]) => document.elementFromPoint(x!, y!)?.closest('#toolbar') !== null,
          [tools.x + tools.width / 2, tools.y + tools.height / 2],
        );
        expect(seen).toBe(true);
        for (let line = 0; line < 60; line++) await window.page.keyboard.press('ArrowUp');
        const caret = (): Promise<number> =>
          window.page.evaluate(() => document.querySelector('.tiptap p')!.getBoundingClientRect().top);
        await expect.poll(caret, patience).toBeGreaterThanOrEqual(tools.y + tools.height);
      } finally {
        await context.close();
      }
    }
  });

  test('Q24 without a connection a document is not deleted, and the page says what to do', async () => {
    const here = await demo.openSynced();
    await here.type('still here');
    await here.turnSwitch();
    await here.part('document-menu').click();
    await here.part('delete-document').click();
    await here.page.getByText('connect to it first').waitFor();
    await here.page.keyboard.press('Escape');
    expect(await here.text()).toBe('still here');
  });

  test('Q25 on a phone the drawer can be used by keyboard: it takes the focus, and gives it back', async () => {
    const phone = await demo.browser.newContext({ viewport: { width: 390, height: 844 } });
    try {
      const window = await openDemoWindow(phone, demo.address());
      await window.page.getByRole('button', { name: 'Documents' }).focus();
      await window.page.keyboard.press('Enter');
      const focused = (): Promise<string> => window.page.evaluate(() => document.activeElement?.id ?? '');
      expect(await focused()).toBe('new-document');
      await window.page.keyboard.press('Escape');
      expect(await focused()).toBe('sidebar-toggle');
    } finally {
      await phone.close();
    }
  });
});

/** The documents that this window's device has a copy of. */
async function copies(window: DemoWindow): Promise<readonly string[]> {
  return window.page.evaluate(async () => {
    const all = await indexedDB.databases();
    return all.flatMap(({ name }) => (name?.startsWith('heddle-demo/1/') === true ? [name.slice(14)] : []));
  });
}
