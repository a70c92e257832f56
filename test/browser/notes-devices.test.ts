// The reader's devices in the notes app, in a real browser.

import { describe, expect, test } from 'vitest';
import { findChromium } from './chromium.js';
import { hardToRead } from './look.js';
import { notesStage } from './notes-stage.js';
import {
  expectStatus,
  expectTitles,
  openNotesWindow,
  openSaved,
  patience,
  savedOnServer,
  type NotesWindow,
} from './notes-window.js';

const executablePath = findChromium();
const shots = process.env['HEDDLE_SHOTS'];

async function openDevices(here: NotesWindow): Promise<void> {
  await here.part('notebook').click();
  await here.part('devices').click();
  await here.part('devices-dialog').waitFor();
}

describe.skipIf(executablePath === undefined)('the devices of a reader', () => {
  const stage = notesStage(executablePath);

  test('K80 are listed in words, named and signed out, by keyboard and on a phone', async () => {
    const here = await openSaved(stage.context, stage.address);
    await openDevices(here);
    const devices = here.part('device');
    await expect.poll(() => devices.allInnerTexts(), patience).toHaveLength(1);
    expect(await devices.first().innerText()).toMatch(/^Chrome on \w+\nThis device\n(?:::1|127\.0\.0\.1)\n/);
    const link = await here.part('same-reader-link').inputValue();
    const phone = await openNotesWindow(stage.elsewhere, link);
    await expectStatus(phone, savedOnServer);
    expect(phone.page.url()).toBe(stage.address);
    await expect.poll(() => devices.allInnerTexts(), patience).toHaveLength(2);
    const other = devices.filter({ hasText: 'Online now' });

    // With the keyboard alone.
    await other.getByRole('button', { name: /^Rename/ }).focus();
    await here.page.keyboard.press('Enter');
    await here.page.keyboard.type('My <b>phone</b>');
    await here.page.keyboard.press('Enter');
    await expect.poll(() => other.locator('.device-name').innerText(), patience).toBe('My <b>phone</b>');
    expect(await here.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'Rename My <b>phone</b>',
    );
    await phone.page.close();
    await expect.poll(() => devices.last().innerText(), patience).toContain('Last seen just now');
    const back = await openNotesWindow(stage.elsewhere, stage.address);
    await expectStatus(back, savedOnServer);
    await other.waitFor();

    for (const width of [390, 1280])
      for (const scheme of ['light', 'dark'] as const) {
        await here.page.setViewportSize({ width, height: 800 });
        await here.page.emulateMedia({ colorScheme: scheme });
        expect(await hardToRead(here.page)).toEqual([]);
        const wide = await here.page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide).toBeLessThanOrEqual(width);
        const overflow = await here
          .part('devices-dialog')
          .evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth);
        expect(overflow).toBe(0);
        if (shots) await here.page.screenshot({ path: `${shots}/devices-${width}-${scheme}.png` });
      }

    await other.getByRole('button', { name: /^Sign out/ }).focus();
    await here.page.keyboard.press('Enter');
    await here.part('confirm-yes').click();
    await expect.poll(() => devices.count(), patience).toBe(1);
    await expectStatus(back, 'Not signed in');
    await back.write('Written here');
    // A browser that is told to reload asks nobody, though what was typed last is not stored yet.
    await expectTitles(back, ['Written here']);
    await expect.poll(() => back.detail('device'), patience).toBe('Has everything saved.');
    await back.page.reload();
    await expectStatus(back, 'Not signed in');
    await expectTitles(back, ['Written here']);
    // Its reader wants it back, and the demo's server gives a token to whoever asks.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await back.part('status').click();
    await back.page.getByRole('button', { name: 'Try again now' }).click();
    await expectStatus(back, savedOnServer);
    await expect.poll(() => devices.count(), patience).toBe(2);
    expect(here.failures).toEqual([]);
    expect(back.failures).toEqual([]);
  });
});
