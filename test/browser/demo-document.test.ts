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

  test('Q24 a document is deleted for everybody with its text, and is listed again when somebody writes there', async () => {
    const elsewhere = await demo.browser.newContext();
    try {
      const here = await demo.openSynced();
      const there = await demo.openSynced('', elsewhere);
      await here.type('not for long');
      await expect.poll(() => there.text(), patience).toBe('not for long');
      await expect.poll(() => here.listedDocuments(), patience).toContain(demo.documentName);
      await here.part('document-menu').click();
      await here.part('delete-document').click();
      expect(await here.part('confirm-dialog').innerText()).toContain('Only the name of the document stays');
      await here.part('confirm-yes').click();
      await expect.poll(() => new URL(here.page.url()).search, patience).toBe('?doc=welcome');
      await expect.poll(() => there.text(), patience).toBe('');
      await there.page.getByText('has deleted this document.').waitFor();
      await expect.poll(() => here.listedDocuments(), patience).not.toContain(demo.documentName);
      await expect.poll(() => copies(here), patience).not.toContain(demo.documentName);
      // Longer than the pause between two looks at the list.
      await here.page.waitForTimeout(6_000);
      expect(await here.listedDocuments()).not.toContain(demo.documentName);
      await there.type('again');
      await expect.poll(() => here.listedDocuments(), patience).toContain(demo.documentName);
    } finally {
      await elsewhere.close();
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
