// The demo page without its server, in a real browser: the page itself comes from the device.

import { describe, expect, test } from 'vitest';
import { findChromium } from './chromium.js';
import { demoStage, expectPhase, patience } from './demo-stage.js';
import { DemoWindow, openDemoWindow } from './demo-window.js';
import { NewerVersion } from './newer-version.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('demo page without a network', () => {
  const demo = demoStage(executablePath);

  async function shellReady(window: DemoWindow): Promise<void> {
    await window.page.locator('html[data-shell=ready]').waitFor({ state: 'attached' });
  }

  test('U64 after one visit page and text start without a server, and what is written then reaches it later', async () => {
    const first = await demo.openSynced();
    await first.type('kept here');
    await first.saved();
    await shellReady(first);
    await first.page.close();
    await demo.server.kill();
    const cold = new DemoWindow(await demo.context.newPage());
    try {
      await cold.page.goto(demo.address());
      await expect.poll(() => cold.text(), patience).toBe('kept here');
      await expectPhase(cold, 'offline');
      await cold.type(', and more');
      await cold.saved();
      // A document that was never opened here can be begun.
      await cold.part('new-document').click();
      await cold.page.locator('#new-document-name').fill('Begun offline');
      await cold.page.keyboard.press('Enter');
      await expect.poll(() => cold.page.title(), patience).toBe('Begun offline · Heddle');
    } finally {
      await demo.server.start();
    }
    await cold.page.goto(demo.address());
    await expectPhase(cold, 'synced');
    expect(await cold.text()).toBe('kept here, and more');
  });

  test('U65 a new version of the page waits until its reader agrees, and the notes and another editor keep theirs', async () => {
    const version = new NewerVersion(demo.server.url);
    const address = await version.start();
    try {
      const window = await openDemoWindow(demo.context, `${address}?doc=${demo.documentName}`);
      await shellReady(window);
      for (const path of ['notes/', 'again/']) {
        const other = await demo.context.newPage();
        await other.goto(address + path);
        await other.locator('html[data-shell=ready]').waitFor({ state: 'attached' });
        await other.waitForFunction(
          async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated',
        );
        // The worker of the editor was in charge of this page until then, and is none that its own replaces.
        expect(await other.getByText('A new version is here.').count()).toBe(0);
      }
      version.isNewer = true;
      await window.page.reload();
      await window.page.getByText('A new version is here.').waitFor();
      expect(await window.page.locator('.brand-note').innerText()).toBe('demo');
      await window.page.getByRole('button', { name: 'Use it' }).click();
      await expect.poll(() => window.page.locator('.brand-note').innerText(), patience).toBe('newer');
      const kept = await window.page.evaluate(() => caches.keys());
      expect(kept.map((name) => name.replace(/ \w+$/, '')).sort()).toEqual([
        'heddle-editor /',
        'heddle-editor /again/',
        'heddle-notes /notes/',
      ]);
    } finally {
      await version.close();
    }
  });
});
