// What leaves the notes app in a real browser: a link to read a note by, notes as files, and one's name.

import { readFile } from 'node:fs/promises';
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

describe.skipIf(executablePath === undefined)('notes that are shared', () => {
  const stage = notesStage(executablePath);

  test('Q18 a read-only link shows one note as it is written, takes no edits, and says what it does not protect', async () => {
    await stage.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const here = await openSaved(stage.context, stage.address);
    await here.write('Recipe', 'oats');
    await expectStatus(here, savedOnServer);
    await here.part('note-menu').click();
    expect(await here.part('note-dialog').innerText()).toContain('It is a view, not a protection');
    await here.part('share-note').click();
    await expect.poll(() => here.part('share-note').innerText(), patience).toBe('Copied');
    const link = await here.page.evaluate(() => navigator.clipboard.readText());
    await here.page.keyboard.press('Escape');

    const asked: unknown[] = [];
    stage.elsewhere.on('request', (request) => {
      if (request.url().endsWith('/demo/token')) asked.push(request.postDataJSON());
    });
    const reader = await openNotesWindow(stage.elsewhere, link);
    await expectStatus(reader, 'Synced, read-only');
    await expect.poll(() => reader.text(), patience).toBe('Recipe\noats');
    expect(await reader.page.title()).toBe('Recipe · Heddle Notes');
    expect(await reader.page.locator('#reader-note').innerText()).toContain('a view, not a protection');
    for (const part of ['notes', 'delete', 'note-menu', 'notebook'])
      expect(await reader.part(part).isVisible(), part).toBe(false);
    expect(await reader.part('editor').locator('.tiptap').getAttribute('contenteditable')).toBe('false');
    expect(asked).toMatchObject([{ access: 'read', notebook: stage.notebook }]);
    expect(Object.keys(asked[0] as object)).toContain('note');
    await here.type(' and honey');
    await expect.poll(() => reader.text(), patience).toBe('Recipe\noats and honey');
    expect(await reader.page.evaluate(() => Object.keys(localStorage).join())).not.toContain('notebooks');
    expect(reader.failures).toEqual([]);
  });

  test('Q19 a note can be saved as Markdown and as plain text, a notebook as JSON with all of its texts', async () => {
    const here = await openSaved(stage.context, stage.address);
    await here.write('Über Webstühle', 'warp & weft');
    await expectStatus(here, savedOnServer);
    await here.write('Another note');
    await expectTitles(here, ['Another note', 'Über Webstühle']);
    await here.open('Über Webstühle');
    await expect.poll(() => here.text(), patience).toBe('Über Webstühle\nwarp & weft');
    await here.part('note-menu').click();
    expect(await saved(here, 'Markdown')).toEqual(['Über-Webstühle.md', 'Über Webstühle\n\nwarp & weft\n']);
    expect(await saved(here, 'Plain text')).toEqual(['Über-Webstühle.txt', 'Über Webstühle\nwarp & weft\n']);
    await here.page.keyboard.press('Escape');
    await expectStatus(here, savedOnServer);
    await here.part('notebook').click();
    const [name, content] = await saved(here, 'Export all notes');
    expect(name).toBe('notes.json');
    const { notes } = JSON.parse(content) as { notes: { title: string; markdown: string }[] };
    expect(notes.map(({ title, markdown }) => [title, markdown])).toEqual([
      ['Another note', 'Another note\n'],
      ['Über Webstühle', 'Über Webstühle\n\nwarp & weft\n'],
    ]);
    expect(here.failures).toEqual([]);
  });

  test('Q21 one’s name is changed in the notebook’s dialog, and shown to the others at once', async () => {
    const here = await openSaved(stage.context, stage.address);
    const there = await openSaved(stage.elsewhere, stage.address);
    await here.write('Ours');
    await there.open('Ours');
    await here.part('notebook').click();
    await here.part('own-name').fill('Anni Albers');
    await here.page.keyboard.press('Enter');
    await here.type('!');
    const names = there.part('editor').locator('.collaboration-carets__label');
    await expect.poll(() => names.allInnerTexts(), patience).toEqual(['Anni Albers']);
    await here.page.reload();
    await here.part('notebook').click();
    expect(await here.part('own-name').inputValue()).toBe('Anni Albers');
  });
});

/** What a press on a button saves: the name of the file, and what is in it. */
async function saved(window: NotesWindow, button: string): Promise<readonly [string, string]> {
  const [download] = await Promise.all([
    window.page.waitForEvent('download'),
    window.page.getByRole('button', { name: button }).click(),
  ]);
  return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
}
