// The demo page in a real browser against the real server: what `npm start` promises to whoever tries it.

import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { findChromium } from './chromium.js';
import { demoStage, expectPhase, patience } from './demo-stage.js';
import { DemoWindow, openDemoWindow } from './demo-window.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('demo page', () => {
  const demo = demoStage(executablePath);

  test('C1 two windows that type at the same time show the same text', async () => {
    const left = await demo.openSynced();
    const right = await demo.openSynced();
    await left.type('warp');
    await expect.poll(() => right.text(), patience).toBe('warp');
    await Promise.all([left.type(' left left left'), right.type(' right right right')]);
    await expectSameText(left, right);
    expect((await left.text()).length).toBe('warp left left left right right right'.length);
  });

  test('C1 formatting and undo reach the other window, and undo takes back own edits only', async () => {
    const left = await demo.openSynced();
    const right = await demo.openSynced();
    await left.type('from the left');
    await expect.poll(() => right.text(), patience).toBe('from the left');
    await left.page.getByRole('button', { name: 'Heading 2' }).click();
    await expect.poll(() => right.part('editor').locator('h2').allInnerTexts(), patience).toHaveLength(1);
    await right.type('!');
    await expect.poll(() => left.text(), patience).toBe('from the left!');
    await right.page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => left.text(), patience).toBe('from the left');
    await expectSameText(left, right);
  });

  test('C1 a window that was cut, edited and reloaded merges with what the other wrote meanwhile', async () => {
    const cut = await demo.openSynced();
    const other = await demo.openSynced();
    await cut.type('before. ');
    await expect.poll(() => other.text(), patience).toBe('before. ');

    await cut.turnSwitch();
    await cut.type('written while cut. ');
    await other.type('written elsewhere. ');
    expect(await cut.text()).toBe('before. written while cut. ');
    expect(await other.text()).toBe('before. written elsewhere. ');

    await cut.saved();
    await cut.page.reload();
    await expect.poll(() => cut.text(), patience).toBe('before. written while cut. ');
    await expectPhase(cut, 'offline');

    await cut.turnSwitch();
    await expectPhase(cut, 'synced');
    await expectSameText(cut, other);
    expect(await other.text()).toContain('written while cut.');
    expect(await other.text()).toContain('written elsewhere.');
  });

  test('C1 windows on two devices catch up after the server was killed and started again', async () => {
    const elsewhere = await demo.browser.newContext();
    try {
      const left = await demo.openSynced();
      const right = await demo.openSynced('', elsewhere);
      await left.type('before the crash. ');
      await expect.poll(() => right.text(), patience).toBe('before the crash. ');

      await demo.server.kill();
      await expect.poll(() => left.statusLabel(), patience).toBe('Server out of reach');
      await left.type('by the left. ');
      await right.type('by the right. ');
      await expect
        .poll(() => left.statusLabel(), patience)
        .toMatch(/^Server out of reach, \d+ edits waiting$/);

      await demo.server.start();
      await expectPhase(left, 'synced');
      await expectPhase(right, 'synced');
      await expectSameText(left, right);
      expect(await left.text()).toContain('by the right.');
    } finally {
      await elsewhere.close();
    }
  });

  test('P2 the caret, name and avatar of another window appear, and go when it closes', async () => {
    const staying = await demo.openSynced();
    const leaving = await demo.openSynced();
    await expect.poll(() => staying.avatarCount(), patience).toBe(2);
    await leaving.type('here I am');
    await expect.poll(() => staying.caretNames(), patience).toHaveLength(1);
    const [name] = await staying.caretNames();
    expect(name).toMatch(/ \(2\)$/);

    await leaving.page.close();
    await expect.poll(() => staying.caretNames(), patience).toHaveLength(0);
    await expect.poll(() => staying.avatarCount(), patience).toBe(1);
  });

  test('P2 a window that was cut is gone from the others, and is back at once when it returns', async () => {
    const staying = await demo.openSynced();
    const cut = await demo.openSynced();
    await expect.poll(() => staying.avatarCount(), patience).toBe(2);
    await cut.turnSwitch();
    await expect.poll(() => staying.avatarCount(), patience).toBe(1);
    expect(await cut.avatarCount()).toBe(1);
    await cut.turnSwitch();
    // Well below the 15 s after which a client repeats itself anyway.
    await expect.poll(() => staying.avatarCount(), { timeout: 5_000, interval: 50 }).toBe(2);
    await expect.poll(() => cut.avatarCount(), { timeout: 5_000, interval: 50 }).toBe(2);
  });

  test('U2 while the switch is off no socket is open and nothing is requested, also after a reload', async () => {
    const window = await demo.openSynced();
    expect(window.openSockets).toBe(1);
    await window.turnSwitch();
    await expect.poll(() => window.openSockets, patience).toBe(0);

    const requested: string[] = [];
    await window.page.reload({ waitUntil: 'networkidle' });
    window.page.on('request', (request) => requested.push(request.url()));
    await expectPhase(window, 'offline');
    // Longer than the pause between two looks at the document list, and than the pause before a reconnect.
    await window.page.waitForTimeout(6_000);
    expect(window.openSockets).toBe(0);
    expect(requested).toEqual([]);
    expect(await window.part('network-switch').getAttribute('aria-checked')).toBe('false');
  });

  test('U2 while the switch is off, not even a token that runs out is replaced', async () => {
    await demo.context.clock.install();
    const window = await demo.openSynced();
    await window.turnSwitch();
    const requested: string[] = [];
    window.page.on('request', (request) => requested.push(request.url()));
    // A token of the demo lives for ten minutes: shortly before its end, and after it.
    await window.page.clock.fastForward('09:30');
    await window.page.clock.fastForward('10:00');
    await window.page.waitForTimeout(500);
    expect(requested).toEqual([]);
    await window.turnSwitch();
    await expectPhase(window, 'synced');
    expect(requested.filter((url) => url.endsWith('/demo/token'))).not.toEqual([]);
  });

  test('U2 pressing the switch leaves the caret in the text: a space typed next is a space', async () => {
    const window = await demo.openSynced();
    await window.type('one');
    await window.turnSwitch();
    await window.page.keyboard.type(' two');
    expect(await window.text()).toBe('one two');
    expect(await window.part('network-switch').getAttribute('aria-checked')).toBe('false');
  });

  test('U3 a cut window has only what it had: windows of one browser pass nothing behind the server', async () => {
    const cut = await demo.openSynced();
    const other = await demo.openSynced();
    await cut.turnSwitch();
    await other.type('not for the cut one');
    await expectPhase(other, 'synced');
    await cut.page.reload();
    await expectPhase(cut, 'offline');
    await cut.page.waitForTimeout(500);
    expect(await cut.text()).toBe('');
  });

  test('U4 a new document appears in the lists, on this device at once and elsewhere when it has text', async () => {
    const elsewhere = await demo.browser.newContext();
    try {
      const here = await demo.openSynced();
      const there = await demo.openSynced('', elsewhere);
      const name = `über-webstühle-${demo.documentNumber}`;
      await here.part('new-document').click();
      await here.page.locator('#new-document-name').fill(`Über Webstühle ${demo.documentNumber}!`);
      await here.page.keyboard.press('Enter');
      const title = `Über Webstühle ${demo.documentNumber}!`;
      await expect.poll(() => here.listedDocuments(), patience).toContain(title);
      await expectPhase(here, 'synced');
      await here.type('first words');
      await expect.poll(() => there.listedDocuments(), patience).toContain(name);
      await there.part('document-list').getByText(name).click();
      await expect.poll(() => there.text(), patience).toBe('first words');
      await expect.poll(() => there.page.title(), patience).toBe(`${title} · Heddle`);
    } finally {
      await elsewhere.close();
    }
  });

  test('U5 documents of this device open while the server is away', async () => {
    const window = await demo.openSynced();
    await window.type('kept here');
    await window.saved();
    await window.page.goto(`${demo.server.url}?doc=other-${demo.documentNumber}`);
    await expectPhase(window, 'synced');
    await demo.server.kill();
    try {
      await window.part('document-list').getByText(demo.documentName, { exact: true }).click();
      await expect.poll(() => window.text(), patience).toBe('kept here');
      await expectPhase(window, 'offline');
    } finally {
      await demo.server.start();
    }
    await expectPhase(window, 'synced');
  });

  test('U5 a copy that an earlier page left on this device opens, and reaches the server', async () => {
    const { documentName } = demo;
    const page = await demo.context.newPage();
    await page.goto(`${demo.server.url}favicon.svg`);
    await page.evaluate(makeCopy, {
      database: `heddle-demo/1/${documentName}`,
      rows: ['left ', 'here'].map((text) => [...paragraphUpdate(text)]),
    });
    await page.close();
    const elsewhere = await demo.browser.newContext();
    try {
      const window = await demo.openSynced();
      expect((await window.text()).split('\n').sort()).toEqual(['here', 'left ']);
      const there = await demo.openSynced('', elsewhere);
      await expect.poll(() => there.text(), patience).toBe(await window.text());
    } finally {
      await elsewhere.close();
    }
  });

  test('U8 the page fits a phone: no horizontal scroll, and the list opens as a drawer', async () => {
    const phone = await demo.browser.newContext({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    try {
      const window = await demo.openSynced('', phone);
      await window.type(
        'a long line with averyveryveryveryveryveryveryveryveryveryveryverylongwordthatmustbreak',
      );
      const width = (): Promise<number> => window.page.evaluate(() => document.documentElement.scrollWidth);
      expect(await width()).toBe(390);
      expect(await window.part('document-list').isVisible()).toBe(false);
      await window.page.getByRole('button', { name: 'Documents' }).click();
      await window.part('document-list').waitFor();
      expect(await width()).toBe(390);
    } finally {
      await phone.close();
    }
  });

  test('U9 everything the page loads comes from its own server, and nothing in it fails', async () => {
    const window = new DemoWindow(await demo.context.newPage());
    const origins = new Set<string>();
    const failures: string[] = [];
    window.page.on('request', (request) => origins.add(new URL(request.url()).origin));
    window.page.on('pageerror', (error) => failures.push(String(error)));
    window.page.on('console', (message) => message.type() === 'error' && failures.push(message.text()));
    await window.page.goto(demo.address());
    await expectPhase(window, 'synced');
    await window.type('quiet');
    await window.part('second-window').waitFor();
    expect([...origins]).toEqual([new URL(demo.server.url).origin]);
    expect(failures).toEqual([]);
  });

  test('U10 the second window and the read-only link open the same document', async () => {
    await demo.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const first = await demo.openSynced();
    await first.type('shared');
    const [page] = await Promise.all([
      demo.context.waitForEvent('page'),
      first.part('second-window').click(),
    ]);
    const second = new DemoWindow(page);
    await expect.poll(() => second.text(), patience).toBe('shared');

    await first.page.bringToFront();
    await first.part('read-only-link').click();
    const link = await first.page.evaluate(() => navigator.clipboard.readText());
    expect(link).toBe(demo.address('&access=read'));
    const reader = await openDemoWindow(demo.context, link);
    await expect.poll(() => reader.text(), patience).toBe('shared');
    expect(await reader.part('editor').locator('.tiptap').getAttribute('contenteditable')).toBe('false');
  });

  test('U11 a name is kept on this device and shown to the others at once', async () => {
    const self = await demo.openSynced();
    const elsewhere = await demo.browser.newContext();
    try {
      const other = await demo.openSynced('', elsewhere);
      await self.part('avatars').getByRole('button').click();
      await self.page.locator('#own-name').fill('Anni Albers');
      await self.page.keyboard.press('Enter');
      await expect.poll(() => other.part('avatars').getByLabel('Anni Albers').count(), patience).toBe(1);
      await self.page.reload();
      await expectPhase(self, 'synced');
      await expect.poll(() => other.part('avatars').getByLabel('Anni Albers').count(), patience).toBe(1);
    } finally {
      await elsewhere.close();
    }
  });

  test('U12 where the browser keeps no copy, the page says so and works', async () => {
    await demo.context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('refused', 'SecurityError');
      };
    });
    const other = await demo.browser.newContext();
    try {
      const window = await demo.openSynced();
      await window.page.getByText('This device keeps no copy').waitFor();
      await window.type('only on the server');
      const elsewhere = await demo.openSynced('', other);
      await expect.poll(() => elsewhere.text(), patience).toBe('only on the server');
    } finally {
      await other.close();
    }
  });

  test('U13 the toolbar is one tab stop, and the arrow keys move inside it', async () => {
    const window = await demo.openSynced();
    const focusedLabel = (): Promise<string | null> =>
      window.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? null);
    await window.page.getByRole('button', { name: 'Undo' }).focus();
    await window.page.keyboard.press('ArrowRight');
    expect(await focusedLabel()).toBe('Redo');
    await window.page.keyboard.press('Tab');
    expect(await focusedLabel()).toBe('Text');
    await window.page.keyboard.press('Shift+Tab');
    expect(await focusedLabel()).toBe('Redo');
  });
});

async function expectSameText(one: DemoWindow, other: DemoWindow): Promise<void> {
  await expect
    .poll(async () => {
      const [first, second] = await Promise.all([one.text(), other.text()]);
      return first === second;
    }, patience)
    .toBe(true);
}

/** A document of the editor with this text alone. */
function paragraphUpdate(text: string): Uint8Array {
  const doc = new Y.Doc();
  const paragraph = new Y.XmlElement('paragraph');
  paragraph.insert(0, [new Y.XmlText(text)]);
  doc.getXmlFragment('default').insert(0, [paragraph]);
  return Y.encodeStateAsUpdate(doc);
}

/** Runs in a page: a database as y-indexeddb lays it out. */
function makeCopy({ database, rows }: { database: string; rows: number[][] }): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database);
    opening.addEventListener('error', () => reject(opening.error!));
    opening.addEventListener('upgradeneeded', () => {
      opening.result.createObjectStore('updates', { autoIncrement: true });
      opening.result.createObjectStore('custom');
    });
    opening.addEventListener('success', () => {
      const writing = opening.result.transaction('updates', 'readwrite');
      for (const row of rows) writing.objectStore('updates').add(Uint8Array.from(row));
      writing.addEventListener('complete', () => {
        opening.result.close();
        resolve();
      });
    });
  });
}
