// The demo page in a real browser against the real server: what `npm start` promises to whoever tries it.

import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';
import { DemoWindow, openDemoWindow } from './demo-window.js';

const executablePath = findChromium();
const patience = { timeout: 15_000, interval: 50 };

describe.skipIf(executablePath === undefined)('demo page', () => {
  let server: DemoServer;
  let browser: Browser;
  let context: BrowserContext;
  let documentNumber = 0;
  let documentName: string;

  beforeAll(async () => {
    server = await startDemoServer();
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(async () => {
    documentName = `test-${++documentNumber}`;
    context = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
  });

  const address = (query = ''): string => `${server.url}?doc=${documentName}${query}`;

  async function openSynced(query = '', inContext = context): Promise<DemoWindow> {
    const window = await openDemoWindow(inContext, address(query));
    await expectPhase(window, 'synced');
    return window;
  }

  test('C1 two windows that type at the same time show the same text', async () => {
    const left = await openSynced();
    const right = await openSynced();
    await left.type('warp');
    await expect.poll(() => right.text(), patience).toBe('warp');
    await Promise.all([left.type(' left left left'), right.type(' right right right')]);
    await expectSameText(left, right);
    expect((await left.text()).length).toBe('warp left left left right right right'.length);
  });

  test('C1 formatting and undo reach the other window, and undo takes back own edits only', async () => {
    const left = await openSynced();
    const right = await openSynced();
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
    const cut = await openSynced();
    const other = await openSynced();
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
    const elsewhere = await browser.newContext();
    try {
      const left = await openSynced();
      const right = await openSynced('', elsewhere);
      await left.type('before the crash. ');
      await expect.poll(() => right.text(), patience).toBe('before the crash. ');

      await server.kill();
      await expect.poll(() => left.statusLabel(), patience).toBe('Server out of reach');
      await left.type('by the left. ');
      await right.type('by the right. ');
      await expect
        .poll(() => left.statusLabel(), patience)
        .toMatch(/^Server out of reach, \d+ edits waiting$/);

      await server.start();
      await expectPhase(left, 'synced');
      await expectPhase(right, 'synced');
      await expectSameText(left, right);
      expect(await left.text()).toContain('by the right.');
    } finally {
      await elsewhere.close();
    }
  });

  test('P2 the caret, name and avatar of another window appear, and go when it closes', async () => {
    const staying = await openSynced();
    const leaving = await openSynced();
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
    const staying = await openSynced();
    const cut = await openSynced();
    await expect.poll(() => staying.avatarCount(), patience).toBe(2);
    await cut.turnSwitch();
    await expect.poll(() => staying.avatarCount(), patience).toBe(1);
    expect(await cut.avatarCount()).toBe(1);
    await cut.turnSwitch();
    // Well below the 15 s after which a client repeats itself anyway.
    await expect.poll(() => staying.avatarCount(), { timeout: 5_000, interval: 50 }).toBe(2);
    await expect.poll(() => cut.avatarCount(), { timeout: 5_000, interval: 50 }).toBe(2);
  });

  test('A4 a read-only link shows the text, takes no edits, and is told of no refusal', async () => {
    const writer = await openSynced();
    const reader = await openSynced('&access=read');
    await writer.type('for your eyes');
    await expect.poll(() => reader.text(), patience).toBe('for your eyes');
    expect(await reader.part('editor').locator('.tiptap').getAttribute('contenteditable')).toBe('false');
    await reader.type('mine');
    expect(await reader.text()).toBe('for your eyes');
    expect(await reader.statusLabel()).toBe('Synced, read-only');
    expect(await reader.part('banner').isVisible()).toBe(false);
  });

  test('A4 a forced edit through a read-only link is refused by the server, visibly, and is kept locally', async () => {
    const writer = await openSynced();
    await writer.type('for your eyes');
    const reader = await openSynced('&access=read&force=1');
    await expect.poll(() => reader.text(), patience).toBe('for your eyes');
    expect(await reader.part('banner').isVisible()).toBe(false);

    await reader.type(' and mine');
    await reader.part('banner').waitFor();
    expect(await reader.part('banner').innerText()).toContain('READ_ONLY');
    await expectPhase(reader, 'refused');
    expect(await reader.text()).toBe('for your eyes and mine');

    await writer.type('!');
    await expect.poll(() => reader.text(), patience).toContain('!');
    expect(await writer.text()).toBe('for your eyes!');
  });

  test('U1 the status says what is true at every step', async () => {
    await context.addInitScript(recordPhases);
    const window = await openDemoWindow(context, address());
    await expectPhase(window, 'synced');
    const phases = await window.page.evaluate(() => (globalThis as unknown as { phases: string[] }).phases);
    expect(phases).toEqual(['loading', 'connecting', 'synced']);
    expect(await window.statusLabel()).toBe('Synced');

    await window.turnSwitch();
    expect(await window.statusLabel()).toBe('Offline');
    await window.type('a');
    expect(await window.statusLabel()).toBe('Offline, 1 edit waiting');
    await window.type('bc');
    expect(await window.statusLabel()).toBe('Offline, 3 edits waiting');
    await window.saved();
    expect(await window.part('status').getAttribute('title')).toContain('kept on this device');
    await window.page.reload();
    await expect.poll(() => window.statusLabel(), patience).toBe('Offline, 3 edits waiting');
    await window.turnSwitch();
    await expect.poll(() => window.statusLabel(), patience).toBe('Synced');
    await window.turnSwitch();
    expect(await window.statusLabel()).toBe('Offline');
  });

  test('U2 while the switch is off no socket is open and nothing is requested, also after a reload', async () => {
    const window = await openSynced();
    expect(window.openSockets).toBe(1);
    await window.turnSwitch();
    await expect.poll(() => window.openSockets, patience).toBe(0);

    const requested: string[] = [];
    await window.page.reload();
    window.page.on('request', (request) => request.url().includes('/demo/') && requested.push(request.url()));
    await expectPhase(window, 'offline');
    // Longer than the pause between two looks at the document list, and than the pause before a reconnect.
    await window.page.waitForTimeout(6_000);
    expect(window.openSockets).toBe(0);
    expect(requested).toEqual([]);
    expect(await window.part('network-switch').getAttribute('aria-checked')).toBe('false');
  });

  test('U2 pressing the switch leaves the caret in the text: a space typed next is a space', async () => {
    const window = await openSynced();
    await window.type('one');
    await window.turnSwitch();
    await window.page.keyboard.type(' two');
    expect(await window.text()).toBe('one two');
    expect(await window.part('network-switch').getAttribute('aria-checked')).toBe('false');
  });

  test('U3 a cut window has only what it had: windows of one browser pass nothing behind the server', async () => {
    const cut = await openSynced();
    const other = await openSynced();
    await cut.turnSwitch();
    await other.type('not for the cut one');
    await expectPhase(other, 'synced');
    await cut.page.reload();
    await expectPhase(cut, 'offline');
    await cut.page.waitForTimeout(500);
    expect(await cut.text()).toBe('');
  });

  test('U4 a new document appears in the lists, on this device at once and elsewhere when it has text', async () => {
    const elsewhere = await browser.newContext();
    try {
      const here = await openSynced();
      const there = await openSynced('', elsewhere);
      const name = `über-webstühle-${documentNumber}`;
      await here.part('new-document').click();
      await here.page.locator('#new-document-name').fill(`Über Webstühle ${documentNumber}!`);
      await here.page.keyboard.press('Enter');
      await expect.poll(() => here.listedDocuments(), patience).toContain(name);
      await expectPhase(here, 'synced');
      await here.type('first words');
      await expect.poll(() => there.listedDocuments(), patience).toContain(name);
      await there.part('document-list').getByText(name).click();
      await expect.poll(() => there.text(), patience).toBe('first words');
      expect(await there.page.title()).toBe(`${name} · Heddle`);
    } finally {
      await elsewhere.close();
    }
  });

  test('U5 documents of this device open while the server is away', async () => {
    const window = await openSynced();
    await window.type('kept here');
    await window.saved();
    await window.page.goto(`${server.url}?doc=other-${documentNumber}`);
    await expectPhase(window, 'synced');
    await server.kill();
    try {
      await window.part('document-list').getByText(documentName, { exact: true }).click();
      await expect.poll(() => window.text(), patience).toBe('kept here');
      await expectPhase(window, 'offline');
    } finally {
      await server.start();
    }
    await expectPhase(window, 'synced');
  });

  test('U6 a token that expires is replaced, and the reader sees no refusal', async () => {
    const window = new DemoWindow(await context.newPage());
    const tokens: string[] = [];
    window.page.on(
      'request',
      (request) => request.url().endsWith('/demo/token') && tokens.push(request.url()),
    );
    let closeOnce: (() => Promise<void>) | undefined;
    await window.page.routeWebSocket(/\/demo\//, (socket) => {
      socket.connectToServer();
      closeOnce ??= () => socket.close({ code: 4401, reason: 'TOKEN_EXPIRED' });
    });
    await window.page.goto(address());
    await expectPhase(window, 'synced');
    expect(tokens).toHaveLength(1);
    await closeOnce!();
    await expect.poll(() => tokens.length, patience).toBe(2);
    await expectPhase(window, 'synced');
    expect(await window.part('banner').isVisible()).toBe(false);
  });

  test('U7 a refused connection shows the reason, keeps the text, and can be tried again', async () => {
    const window = new DemoWindow(await context.newPage());
    let isRefusing = true;
    await window.page.routeWebSocket(/\/demo\//, (socket) => {
      if (isRefusing) void socket.close({ code: 4403, reason: 'FORBIDDEN: not for you' });
      else socket.connectToServer();
    });
    await window.page.goto(address());
    await expectPhase(window, 'refused');
    expect(await window.part('banner').innerText()).toContain('FORBIDDEN: not for you');
    await window.type('still mine');
    isRefusing = false;
    await window.page.getByRole('button', { name: 'Try again' }).click();
    await expectPhase(window, 'synced');
    expect(await window.part('banner').isVisible()).toBe(false);
    expect(await window.text()).toBe('still mine');
  });

  test('U8 the page fits a phone: no horizontal scroll, and the list opens as a drawer', async () => {
    const phone = await browser.newContext({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    try {
      const window = await openSynced('', phone);
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
    const window = new DemoWindow(await context.newPage());
    const origins = new Set<string>();
    const failures: string[] = [];
    window.page.on('request', (request) => origins.add(new URL(request.url()).origin));
    window.page.on('pageerror', (error) => failures.push(String(error)));
    window.page.on('console', (message) => message.type() === 'error' && failures.push(message.text()));
    await window.page.goto(address());
    await expectPhase(window, 'synced');
    await window.type('quiet');
    await window.part('second-window').waitFor();
    expect([...origins]).toEqual([new URL(server.url).origin]);
    expect(failures).toEqual([]);
  });

  test('U10 the second window and the read-only link open the same document', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const first = await openSynced();
    await first.type('shared');
    const [page] = await Promise.all([context.waitForEvent('page'), first.part('second-window').click()]);
    const second = new DemoWindow(page);
    await expect.poll(() => second.text(), patience).toBe('shared');

    await first.page.bringToFront();
    await first.part('read-only-link').click();
    const link = await first.page.evaluate(() => navigator.clipboard.readText());
    expect(link).toBe(address('&access=read'));
    const reader = await openDemoWindow(context, link);
    await expect.poll(() => reader.text(), patience).toBe('shared');
    expect(await reader.part('editor').locator('.tiptap').getAttribute('contenteditable')).toBe('false');
  });

  test('U11 a name is kept on this device and shown to the others at once', async () => {
    const self = await openSynced();
    const elsewhere = await browser.newContext();
    try {
      const other = await openSynced('', elsewhere);
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
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('refused', 'SecurityError');
      };
    });
    const other = await browser.newContext();
    try {
      const window = await openSynced();
      await window.page.getByText('This browser keeps no copy').waitFor();
      await window.type('only on the server');
      const elsewhere = await openSynced('', other);
      await expect.poll(() => elsewhere.text(), patience).toBe('only on the server');
    } finally {
      await other.close();
    }
  });

  test('U13 the toolbar is one tab stop, and the arrow keys move inside it', async () => {
    const window = await openSynced();
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

async function expectPhase(window: DemoWindow, phase: string): Promise<void> {
  await expect.poll(() => window.phase(), patience).toBe(phase);
}

async function expectSameText(one: DemoWindow, other: DemoWindow): Promise<void> {
  await expect
    .poll(async () => {
      const [first, second] = await Promise.all([one.text(), other.text()]);
      return first === second;
    }, patience)
    .toBe(true);
}

/** Runs in the page before anything else: keeps every phase the status goes through. */
function recordPhases(): void {
  const phases: string[] = [];
  (globalThis as unknown as { phases: string[] }).phases = phases;
  const note = (): void => {
    const phase = document.getElementById('status')?.dataset.phase;
    if (phase !== undefined && phases.at(-1) !== phase) phases.push(phase);
  };
  new MutationObserver(note).observe(document, {
    subtree: true,
    childList: true,
    attributeFilter: ['data-phase'],
  });
}
