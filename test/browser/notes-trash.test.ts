// How notes end, and leave the app, in a real browser: the trash, deletion for good, signing out.

import { describe, expect, test } from 'vitest';
import { findChromium } from './chromium.js';
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

describe.skipIf(executablePath === undefined)('notes that are deleted', () => {
  const stage = notesStage(executablePath);

  test('Q17 a deleted note leaves every device when it cannot be undone any more, and comes back from the trash', async () => {
    const here = await openSaved(stage.context, stage.address);
    const there = await openSaved(stage.elsewhere, stage.address);
    await here.write('Keep me', 'or not');
    await expectTitles(there, ['Keep me']);
    const note = await noteOf(here);
    await expectCopies([here, there], note, true);
    await here.part('delete').click();
    await expectTitles(there, []);
    await expectCopies([here, there], note, false);

    await there.part('trash').click();
    expect(await there.part('trash-list').innerText()).toContain('Keep me\nor not\nDeleted');
    await there.page.getByRole('button', { name: 'Restore Keep me' }).click();
    await expectTitles(here, ['Keep me']);
    await here.open('Keep me');
    await expect.poll(() => here.text(), patience).toBe('Keep me\nor not');
    await expectStatus(here, savedOnServer);
    await expectCopies([here, there], note, true);
  });

  test('Q17 what is deleted for good is empty on the server, gone from every device, and said so', async () => {
    const here = await openSaved(stage.context, stage.address);
    await here.write('Not for anybody', 'secret words');
    await expectStatus(here, savedOnServer);
    const note = await noteOf(here);
    const there = await openSaved(stage.elsewhere, stage.address);
    await expectCopies([here, there], note, true);
    await here.part('delete').click();
    await deleteForGood(here, 'Not for anybody');
    await expectCopies([here, there], note, false);
    await expectStatus(here, savedOnServer);
    expect(await there.part('trash').innerText()).toBe('Trash');
    await there.page.goto(`${stage.address}/${note}`);
    await there.page.getByText('This note was deleted for good.').waitFor();
    const reader = await openNotesWindow(await stage.browser.newContext(), `${stage.address}/${note}/read`);
    await expectStatus(reader, 'Synced, read-only');
    expect((await reader.text()).trim()).toBe('');
    await reader.page.context().close();
  });

  test('Q17 without a network, deletion for good waits, and is done when the network is back', async () => {
    const here = await openSaved(stage.context, stage.address);
    await here.write('Not for anybody', 'secret words');
    await expectStatus(here, savedOnServer);
    const note = await noteOf(here);
    await stage.server.kill();
    try {
      await expectStatus(here, 'Offline');
      await here.part('delete').click();
      await deleteForGood(here, 'Not for anybody');
      await expectStatus(here, 'Offline, 1 note waiting');
      await here.page.reload();
      await expectStatus(here, 'Offline, 1 note waiting');
    } finally {
      await stage.server.start();
    }
    await expectStatus(here, savedOnServer);
    await expectCopies([here], note, false);
    const reader = await openNotesWindow(stage.elsewhere, `${stage.address}/${note}/read`);
    await expectStatus(reader, 'Synced, read-only');
    expect((await reader.text()).trim()).toBe('');
  });

  test('Q17 a note that is open when it is deleted elsewhere is left, and can be restored', async () => {
    const here = await openSaved(stage.context, stage.address);
    const there = await openSaved(stage.elsewhere, stage.address);
    await here.write('Open in two places');
    await there.open('Open in two places');
    await expect.poll(() => there.text(), patience).toBe('Open in two places');
    await here.part('delete').click();
    await there.page.getByText('This note is in the trash.').waitFor();
    expect(new URL(there.page.url()).hash).toBe(`#${stage.notebook}`);
    await there.page
      .getByRole('button', { name: 'Restore' })
      .and(there.page.locator('#toast-action'))
      .click();
    await expect.poll(() => there.text(), patience).toBe('Open in two places');
    await expectTitles(here, ['Open in two places']);
  });

  test('Q3, Q17 a note that was just written stays deleted, though its time comes later', async () => {
    const here = await openSaved(stage.context, stage.address);
    const there = await openSaved(stage.elsewhere, stage.address);
    await here.write('Title', 'x'.repeat(130));
    await expectStatus(here, savedOnServer);
    // Behind the first words: the entry gets no more than the time of this, and later.
    await here.page.keyboard.type(' and more');
    await expectStatus(here, savedOnServer);
    await there.open('Title');
    await expect.poll(() => there.text(), patience).toContain('and more');
    await there.part('delete').click();
    await here.page.getByText('This note is in the trash.').waitFor();
    await expectStatus(here, savedOnServer);
    await here.page.waitForTimeout(1_000);
    expect([await here.titles(), await there.titles()]).toEqual([[], []]);
  });

  test('Q20 signing out leaves nothing on this device, in no window; the link brings back what is on the server', async () => {
    const here = await openSaved(stage.context, stage.address);
    await here.write('On the server');
    await expectStatus(here, savedOnServer);
    const other = await openSaved(stage.context, stage.address);
    await signOut(here, '');
    for (const window of [here, other]) await window.part('signed-out').waitFor();
    expect(await copiesOf(here)).toEqual([]);
    expect(await here.page.evaluate(() => Object.keys(localStorage))).toEqual(['heddle.wipe']);
    await other.page.close();

    await here.page.reload();
    await here.part('signed-out').getByRole('button').click();
    await expectStatus(here, savedOnServer);
    expect(await here.titles()).toEqual([]);
    expect(new URL(here.page.url()).hash).not.toContain(stage.notebook);
    await here.page.goto(stage.address);
    await expectTitles(here, ['On the server']);
    expect(here.failures).toEqual([]);
  });

  test('Q20 signing out warns of what the server has not got, and can be left', async () => {
    const here = await openSaved(stage.context, stage.address);
    await here.write('Begun');
    await expectStatus(here, savedOnServer);
    await stage.server.kill();
    try {
      await expectStatus(here, 'Offline');
      await here.page.keyboard.type(', and not saved on the server');
      await expectStatus(here, 'Offline, 1 note waiting');
      await here.part('notebook').click();
      await here.part('sign-out').click();
      await here.part('confirm-dialog').waitFor();
      expect(await here.page.locator('#confirm-warning').innerText()).toContain(
        'lost if you sign out now: 1 note of this notebook',
      );
      await here.page.keyboard.press('Escape');
      await here.page.keyboard.press('Escape');
      expect(await here.text()).toBe('Begun, and not saved on the server');
    } finally {
      await stage.server.start();
    }
    await expectStatus(here, savedOnServer);
  });

  async function signOut(window: NotesWindow, warning: string): Promise<void> {
    await window.part('notebook').click();
    await window.part('sign-out').click();
    await window.part('confirm-dialog').waitFor();
    expect(await window.page.locator('#confirm-warning').innerText()).toBe(warning);
    await window.part('confirm-yes').click();
  }
});

/** The id of the note that is shown. */
async function noteOf({ page }: NotesWindow): Promise<string> {
  return page.evaluate(() => window.heddleNotes!.note!.id);
}

async function deleteForGood(window: NotesWindow, title: string): Promise<void> {
  await window.part('trash').click();
  await window.page.getByRole('button', { name: `Delete ${title} for good` }).click();
  await window.part('confirm-yes').click();
  await window.page.getByText('There is nothing in it.').waitFor();
  await window.page.keyboard.press('Escape');
}

/** The documents of the notes app that this device has a copy of. */
async function copiesOf(window: NotesWindow): Promise<readonly string[]> {
  return window.page.evaluate(async () => {
    const all = await indexedDB.databases();
    return all.flatMap(({ name }) => (name?.startsWith('notebook/') === true ? [name] : []));
  });
}

/** Waits until these windows' devices have a copy of the note, or have none. */
async function expectCopies(windows: readonly NotesWindow[], note: string, isThere: boolean): Promise<void> {
  const has = async (window: NotesWindow): Promise<boolean> =>
    (await copiesOf(window)).some((name) => name.endsWith(note));
  for (const window of windows)
    await expect.poll(() => has(window), { ...patience, timeout: 30_000 }).toBe(isThere);
}
