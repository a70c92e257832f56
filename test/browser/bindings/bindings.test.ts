// Editors people use, in a real browser, on a real server: the examples, two windows on two devices, and everything a person would
// try.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { preview, type PreviewServer } from 'vite';
import { makeFolder, startServer, type ServerProcess } from '../../support/server-process.js';
import { findChromium, launchChromium } from '../chromium.js';
import { openEditorWindow, type EditorLooks, type EditorWindow, type SeenCaret } from './editor-window.js';

const editors: readonly EditorLooks[] = [
  {
    editor: 'tiptap',
    content: '.tiptap',
    caret: '.collaboration-carets__caret',
    label: '.collaboration-carets__label',
    bold: 'strong',
  },
  {
    editor: 'prosemirror',
    content: '.ProseMirror',
    caret: '.ProseMirror-yjs-cursor',
    label: '.ProseMirror-yjs-cursor > div',
    bold: 'strong',
  },
  {
    editor: 'blocknote',
    content: '.bn-editor',
    caret: '.bn-collaboration-cursor__caret',
    label: '.bn-collaboration-cursor__label',
    bold: 'strong',
  },
  {
    editor: 'lexical',
    content: '[contenteditable]',
    caret: '.lexical-cursor',
    label: '.lexical-cursor-name',
    bold: 'strong',
  },
  {
    editor: 'quill',
    content: '.ql-editor',
    caret: '.ql-cursor-caret',
    label: '.ql-cursor-name',
    bold: 'strong',
  },
  {
    editor: 'codemirror',
    content: '.cm-content',
    caret: '.cm-ySelectionCaret',
    label: '.cm-ySelectionInfo',
    bold: undefined,
  },
  {
    editor: 'monaco',
    content: '.view-lines',
    caret: '.yRemoteSelectionHead',
    label: undefined,
    bold: undefined,
  },
];

const ada = { name: 'Ada Byron', color: '#b3261e' };
const bo = { name: 'Bo Ek', color: '#1b5e9b' };

const executablePath = findChromium();
/** Less than the 15 s after which an awareness repeats itself: what comes only then was lost before. */
const patience = { timeout: 10_000, interval: 50 };

describe.skipIf(executablePath === undefined)('editors', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let pages: PreviewServer;
  let server: ServerProcess;
  let browser: Browser;
  let devices: readonly [BrowserContext, BrowserContext];
  let documents = 0;

  beforeAll(async () => {
    folder = await makeFolder();
    buildPages(`${folder.path}/pages`);
    pages = await preview({
      configFile: false,
      logLevel: 'error',
      root: folder.path,
      build: { outDir: 'pages' },
      preview: { port: 0, host: '127.0.0.1' },
    });
    server = await startServer({ data: `${folder.path}/data` });
    browser = await launchChromium(executablePath!);
    devices = [await browser.newContext(), await browser.newContext()];
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await pages?.close();
    await folder?.remove();
  });

  test('U47 the example with hooks: what one adds the other sees, and who is there', async () => {
    const [one, other] = await Promise.all(
      ['Ada', 'Bo'].map(async (user, index) => {
        const page = await devices[index]!.newPage();
        const query = new URLSearchParams({ url: server.url, name: 'shopping', user });
        await page.goto(`${pages.resolvedUrls!.local[0]!}react/?${query.toString()}`);
        return page;
      }),
    );
    await one!.getByPlaceholder('Something to buy').fill('milk');
    await one!.getByRole('button', { name: 'add' }).click();
    await other!.getByText('milk').waitFor();
    await expect.poll(() => other!.locator('#others').innerText(), patience).toBe('Here too: Ada');
    await expect.poll(() => one!.locator('#status').innerText(), patience).toBe('synced');
    await other!.getByRole('button', { name: 'done' }).click();
    await one!.getByText('milk').waitFor({ state: 'detached' });
    for (const page of [one!, other!]) await page.close();
  });

  describe.each(editors)('$editor', (looks) => {
    let first: EditorWindow;
    let second: EditorWindow;
    let windows: readonly EditorWindow[];

    beforeEach(async () => {
      const options = {
        pages: pages.resolvedUrls!.local[0]!,
        server: server.url,
        document: `${looks.editor}/${documents++}`,
      };
      first = await openEditorWindow(devices[0], looks, { ...options, person: ada });
      second = await openEditorWindow(devices[1], looks, { ...options, person: bo });
      windows = [first, second];
    });

    afterEach(async () => {
      for (const window of windows) await window.page.close();
    });

    test('what is typed in one window appears in the other', async () => {
      await first.type('Hello, loom');
      await expectText('Hello, loom');
      await goTo(second, 'End', 'Hello, loom');
      await second.press('Enter');
      await second.type('and weft');
      await expectText('Hello, loom\nand weft');
      expectNoComplaints();
    });

    test.skipIf(looks.bold === undefined)('so does formatting', async () => {
      await first.type('plain ');
      await first.press('Control+b');
      await first.type('bold');
      await first.press('Control+b');
      await first.type(' plain');
      await expectText('plain bold plain');
      for (const window of windows) expect(await window.boldText()).toBe('bold');
      expectNoComplaints();
    });

    test("the other's caret is at its place, with the name", async () => {
      await first.type('warp and weft');
      await expectText('warp and weft');
      await expectCaret(second, { name: ada.name, before: 'warp and weft' });
      await goTo(second, 'Home', '');
      await second.type('more ');
      await expectCaret(first, { name: bo.name, before: 'more ' });
      // Not without a move of it: what one types oneself does not make Lexical draw the carets of the others anew.
      await goTo(first, 'End', 'more warp and weft');
      for (const window of windows) await expect.poll(() => window.showsName(), patience).toBe(true);
      expectNoComplaints();
    });

    test('both type at the same time, and it becomes the same', async () => {
      await first.type('middle');
      await expectText('middle');
      await goTo(second, 'End', 'middle');
      await goTo(first, 'Home', '');
      const [left, right] = ['left '.repeat(6), ' right'.repeat(6)];
      await Promise.all([first.type(left), second.type(right)]);
      const both = `${left}middle${right}`;
      await expectText(both);
      // In one place too: nothing is lost, and the order is the same for both.
      await goTo(first, 'End', both);
      await Promise.all([first.type('x'.repeat(20)), second.type('y'.repeat(20))]);
      const length = async (): Promise<number> => (await first.text()).length;
      await expect.poll(length, patience).toBe(both.length + 40);
      const text = await first.text();
      await expectText(text);
      expect(text.replaceAll('y', '')).toBe(both + 'x'.repeat(20));
      expect(text.replaceAll('x', '')).toBe(both + 'y'.repeat(20));
      expectNoComplaints();
    });

    test("undo takes back one's own and nothing else", async () => {
      await second.type('theirs');
      await expectText('theirs');
      await goTo(first, 'Home', '');
      await first.type('mine ');
      await expectText('mine theirs');
      await second.type(' too');
      await expectText('mine theirs too');
      await first.press('Control+z');
      await expectText('theirs too');
      expectNoComplaints();
    });

    test('the server crashes while both type; when it is back both have everything', async () => {
      await first.type('kept');
      await expectText('kept');
      await goTo(second, 'End', 'kept');
      await goTo(first, 'Home', '');
      await expectAllSynced();
      await server.kill();
      // Who is not connected sees nobody.
      for (const window of windows) await expect.poll(() => window.carets(), patience).toEqual([]);
      await first.type('before ');
      await second.type(' after');
      expect([await first.text(), await second.text()]).toEqual(['before kept', 'kept after']);
      await server.start();
      await expectText('before kept after');
      await expectAllSynced();
      await expectCaret(first, { name: bo.name, before: 'before kept after' });
      await expectCaret(second, { name: ada.name, before: 'before ' });
      // Chromium reports every attempt to connect that fails.
      expectNoComplaints(/^WebSocket connection to .* failed/);
    });

    test('editor and provider go together, and leave nothing', async () => {
      await first.type('still here');
      await expectText('still here');
      await goTo(second, 'End', 'still here');
      await first.destroy();
      await expect.poll(() => second.carets(), patience).toEqual([]);
      await expect.poll(() => first.openSockets, patience).toBe(0);
      await second.type(' and on');
      await expect.poll(() => second.isSynced(), patience).toBe(true);
      expect(await second.text()).toBe('still here and on');
      expectNoComplaints();
    });

    /**
     * Moves the caret until the other sees it there. Away and back, and again where needed: Lexical draws carets anew only
     * when they move, and what ProseMirror draws in the meantime can cost a key.
     */
    async function goTo(window: EditorWindow, key: 'Home' | 'End', before: string): Promise<void> {
      const [other, name] = window === first ? [second, ada.name] : [first, bo.name];
      const wanted = [{ name, before }];
      const press = async (): Promise<void> => {
        await window.press(key === 'Home' ? 'End' : 'Home');
        await window.press(key);
      };
      const seen = async (): Promise<SeenCaret[]> => {
        const carets = await other.carets();
        if (!isDeepStrictEqual(carets, wanted)) await press();
        return carets;
      };
      await press();
      await expect.poll(seen, { ...patience, interval: 250 }).toEqual(wanted);
    }

    async function expectCaret(window: EditorWindow, caret: SeenCaret): Promise<void> {
      await expect.poll(() => window.carets(), patience).toEqual([caret]);
    }

    async function expectText(text: string): Promise<void> {
      const texts = (): Promise<string[]> => Promise.all(windows.map((window) => window.text()));
      await expect.poll(texts, patience).toEqual([text, text]);
    }

    async function expectAllSynced(): Promise<void> {
      for (const window of windows) await expect.poll(() => window.isSynced(), patience).toBe(true);
    }

    function expectNoComplaints(butOf?: RegExp): void {
      const complaints = windows.flatMap((window) => window.complaints);
      expect(complaints.filter((complaint) => !butOf?.test(complaint))).toEqual([]);
    }
  });
});

/** Built into a folder of the test's own. Bounded, below the time-out of hooks. */
function buildPages(folder: string): void {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const config = fileURLToPath(new URL('vite.config.ts', import.meta.url));
  const args = ['build', '--config', config, '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
  const build = spawnSync(`${root}/node_modules/.bin/vite`, args, { encoding: 'utf8', timeout: 110_000 });
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`);
}
