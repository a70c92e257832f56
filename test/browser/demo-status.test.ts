// What the demo page says of where the text is, in a real browser against the real server.

import { describe, expect, test } from 'vitest';
import { findChromium } from './chromium.js';
import { demoStage, expectPhase, patience } from './demo-stage.js';
import { DemoWindow, openDemoWindow } from './demo-window.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('status of the demo page', () => {
  const demo = demoStage(executablePath);

  test('A4 a read-only link shows the text, takes no edits, and is told of no refusal', async () => {
    const writer = await demo.openSynced();
    const reader = await demo.openSynced('&access=read');
    await writer.type('for your eyes');
    await expect.poll(() => reader.text(), patience).toBe('for your eyes');
    expect(await reader.part('editor').locator('.tiptap').getAttribute('contenteditable')).toBe('false');
    await reader.type('mine');
    expect(await reader.text()).toBe('for your eyes');
    expect(await reader.statusLabel()).toBe('Synced, read-only');
    expect(await reader.part('banner').isVisible()).toBe(false);
  });

  test('A4 a forced edit through a read-only link is not taken by the server, visibly, and is kept locally', async () => {
    const writer = await demo.openSynced();
    await writer.type('for your eyes');
    const reader = await demo.openSynced('&access=read&force=1');
    await expect.poll(() => reader.text(), patience).toBe('for your eyes');
    expect(await reader.part('banner').isVisible()).toBe(false);

    await reader.type(' and mine');
    await reader.part('banner').waitFor();
    expect(await reader.part('banner').innerText()).toContain('You may read this, but not change it.');
    expect(await reader.technicalDetails()).toContain('READ_ONLY');
    await expectPhase(reader, 'refused');
    expect(await reader.text()).toBe('for your eyes and mine');
    expect(await reader.part('banner').getByRole('button').isVisible()).toBe(false);

    await writer.type('!');
    await expect.poll(() => reader.text(), patience).toContain('!');
    expect(await writer.text()).toBe('for your eyes!');

    await reader.saved();
    await reader.page.reload();
    await expectPhase(reader, 'refused');
    expect(await reader.text()).toContain('and mine');
    expect(await writer.text()).toBe('for your eyes!');
  });

  test('U1 the status says what is true at every step', async () => {
    await demo.context.addInitScript(recordPhases);
    const window = await openDemoWindow(demo.context, demo.address());
    await expectPhase(window, 'synced');
    const phases = await window.page.evaluate(() => (globalThis as unknown as { phases: string[] }).phases);
    // The connection may be there before the copy on this device is read.
    expect(phases.filter((phase) => phase !== 'connecting')).toEqual(['loading', 'syncing', 'synced']);
    expect(await window.statusLabel()).toBe('Synced');

    await window.turnSwitch();
    expect(await window.statusLabel()).toBe('Offline');
    await window.type('a');
    expect(await window.statusLabel()).toBe('Offline, 1 edit waiting');
    await window.type('bc');
    expect(await window.statusLabel()).toBe('Offline, 3 edits waiting');
    await window.saved();
    expect(await window.statusDetail('detail')).toContain('kept on this device');
    await window.page.reload();
    await expect.poll(() => window.statusLabel(), patience).toBe('Offline, 3 edits waiting');
    await window.turnSwitch();
    await expect.poll(() => window.statusLabel(), patience).toBe('Synced');
    await window.turnSwitch();
    expect(await window.statusLabel()).toBe('Offline');
  });

  test('U1 an edit counts as synced when the server has acknowledged it, and a wait for that shows', async () => {
    const window = new DemoWindow(await demo.context.newPage());
    let hold: ((isHeld: boolean) => void) | undefined;
    await window.page.routeWebSocket(isServerSocket, (socket) => {
      const server = socket.connectToServer();
      const held: (string | Buffer)[] = [];
      let isHolding = false;
      server.onMessage((message) => (isHolding ? held.push(message) : socket.send(message)));
      hold = (isHeld) => {
        isHolding = isHeld;
        for (const message of isHeld ? [] : held.splice(0)) socket.send(message);
      };
    });
    await window.page.goto(demo.address());
    await expectPhase(window, 'synced');
    hold!(true);
    await window.type('abc');
    await expectPhase(window, 'syncing');
    await expect.poll(() => window.statusLabel(), patience).toBe('Syncing, 3 edits waiting');
    hold!(false);
    await expectPhase(window, 'synced');
    expect(await window.statusLabel()).toBe('Synced');
  });

  test('U1 typing on a good connection does not change what the pill says', async () => {
    const window = await demo.openSynced();
    await window.page.evaluate(recordLabels);
    await window.type('one key after the other');
    await expectPhase(window, 'synced');
    const labels = await window.page.evaluate(() => (globalThis as unknown as { labels: string[] }).labels);
    expect(labels).toEqual([]);
  });

  test('U6 a token that expires is replaced, and the reader sees no refusal', async () => {
    const window = new DemoWindow(await demo.context.newPage());
    const tokens: string[] = [];
    window.page.on(
      'request',
      (request) => request.url().endsWith('/demo/token') && tokens.push(request.url()),
    );
    let closeOnce: (() => Promise<void>) | undefined;
    await window.page.addInitScript(recordPhases);
    await window.page.routeWebSocket(isServerSocket, (socket) => {
      socket.connectToServer();
      closeOnce ??= () => socket.close({ code: 4401, reason: 'TOKEN_EXPIRED' });
    });
    await window.page.goto(demo.address());
    await expectPhase(window, 'synced');
    expect(tokens).toHaveLength(1);
    await closeOnce!();
    await expect.poll(() => tokens.length, patience).toBe(2);
    await expectPhase(window, 'synced');
    expect(await window.part('banner').isVisible()).toBe(false);
    const phases = await window.page.evaluate(() => (globalThis as unknown as { phases: string[] }).phases);
    expect(phases).not.toContain('refused');
  });

  test('U7 a refused connection shows the reason, keeps the text, and can be tried again', async () => {
    const window = new DemoWindow(await demo.context.newPage());
    let isRefusing = true;
    await window.page.routeWebSocket(isServerSocket, (socket) => {
      if (isRefusing) void socket.close({ code: 4403, reason: 'FORBIDDEN: not for you' });
      else socket.connectToServer();
    });
    await window.page.goto(demo.address());
    await expectPhase(window, 'refused');
    expect(await window.part('banner').innerText()).toContain('This link does not let you in.');
    expect(await window.technicalDetails()).toContain('FORBIDDEN: not for you');
    await window.type('still mine');
    isRefusing = false;
    await window.page.getByRole('button', { name: 'Try again' }).click();
    await expectPhase(window, 'synced');
    expect(await window.part('banner').isVisible()).toBe(false);
    expect(await window.text()).toBe('still mine');
  });

  test('U7 a document that the server does not open is refused with the reason, and its text stays', async () => {
    const window = await openDemoWindow(demo.context, `${demo.server.url}?doc=..`);
    await expectPhase(window, 'refused');
    expect(await window.part('banner').innerText()).toContain('A document cannot have this name.');
    await window.type('still mine');
    await window.page.getByRole('button', { name: 'Try again' }).click();
    await expectPhase(window, 'refused');
    expect(await window.text()).toBe('still mine');
  });

  test('U7 a token that the server does not give is a refusal, and can be asked for again', async () => {
    const window = new DemoWindow(await demo.context.newPage());
    await window.page.route('**/demo/token', (route) => route.fulfill({ status: 403, body: 'not today' }));
    await window.page.goto(demo.address());
    await expectPhase(window, 'refused');
    expect(await window.part('banner').innerText()).toContain('The server did not let this window in.');
    expect(await window.technicalDetails()).toContain('not today');
    await window.page.unroute('**/demo/token');
    await window.page.getByRole('button', { name: 'Try again' }).click();
    await expectPhase(window, 'synced');
    expect(await window.part('banner').isVisible()).toBe(false);
  });
});

/** Where our own protocol is spoken: the server's path without a document. */
function isServerSocket(url: URL): boolean {
  return url.pathname === '/';
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

/** Runs in the page: keeps every text that the pill changes to. */
function recordLabels(): void {
  const labels: string[] = [];
  (globalThis as unknown as { labels: string[] }).labels = labels;
  const label = document.getElementById('status-label')!;
  const note = (): number => labels.push(label.textContent ?? '');
  new MutationObserver(note).observe(label, { childList: true, characterData: true, subtree: true });
}
