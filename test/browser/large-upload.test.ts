// A document of years, which an application without a server kept in y-indexeddb, moves to a server over a thin line.
// HEDDLE_UPLOAD_MB says how large it is: 40 MB of 100,000 edits take three minutes at 2 Mbit/s.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { makeFolder, startServer, type ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { findChromium, launchChromium } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const megabytes = Number(process.env['HEDDLE_UPLOAD_MB'] ?? 3);
const bytesPerS = 250_000;
const editBytes = 400;
const editCount = Math.round((megabytes * 1e6) / editBytes);
const editsOfPage = 500;
const patience = { timeout: 60_000 + (megabytes * 1e6 * 2_000) / bytesPerS, interval: 100 };

/** The edits of somebody who types a line at a time, as y-indexeddb stores them. */
function history(): { updates: Uint8Array[]; length: number } {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('text');
  for (let i = 0; i < editCount; i++) {
    // A page of its own now and then: Yjs joins what one has typed into one string, and copies that with each line.
    if (i % editsOfPage === 0) doc.clientID = 1 + i / editsOfPage;
    const line = `${i} ${'words of a long life '.repeat(20)}`.slice(0, editBytes - 20);
    text.insert(text.length, `${line}\n`);
  }
  return { updates, length: text.length };
}

/** Puts them into the database that y-indexeddb would have made. */
async function store(page: Page, name: string, updates: readonly Uint8Array[]): Promise<void> {
  for (let from = 0; from < updates.length; from += 5_000) {
    const rows = updates.slice(from, from + 5_000).map((update) => Buffer.from(update).toString('base64'));
    await page.evaluate(
      async ({ name, rows }) => {
        const done = <T>(request: IDBRequest<T>): Promise<T> =>
          new Promise((resolve, reject) => {
            request.addEventListener('success', () => resolve(request.result));
            request.addEventListener('error', () => reject(new Error(String(request.error))));
          });
        const opening = indexedDB.open(name);
        opening.addEventListener('upgradeneeded', () => {
          opening.result.createObjectStore('updates', { autoIncrement: true });
          opening.result.createObjectStore('custom');
        });
        const database = await done(opening);
        const transaction = database.transaction('updates', 'readwrite');
        const complete = new Promise((resolve) => transaction.addEventListener('complete', resolve));
        for (const row of rows)
          transaction
            .objectStore('updates')
            .add(Uint8Array.from(atob(row), (letter) => letter.charCodeAt(0)));
        await complete;
        database.close();
      },
      { name, rows },
    );
  }
}

describe.skipIf(executablePath === undefined)('a large document in y-indexeddb, and a thin line', () => {
  let pages: PageServer;
  let browser: Browser;
  let server: ServerProcess;
  let network: TcpProxy;
  const cleanup: (() => unknown)[] = [];

  beforeAll(async () => {
    pages = await PageServer.start('provider');
    browser = await launchChromium(executablePath!);
    const folder = await makeFolder();
    server = await startServer({ data: folder.path });
    network = await TcpProxy.listen();
    network.target = server.port;
    cleanup.push(
      folder.remove,
      () => server.kill(),
      () => network.close(),
    );
  });

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
  });

  const url = (name: string, through = network.url): string =>
    pages.url({ server: through, name, http: 'no', show: 'no' });

  test(
    'K3, N20, N21, N22 moves to the server part by part, tells the truth on the way, and the page can be used',
    async () => {
      const { updates, length } = history();
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url('other'));
      await page.waitForFunction(() => window.app !== undefined);
      await store(page, 'life', updates);

      network.upstreamBytesPerS = bytesPerS;
      await page.goto(url('life'));
      await page.waitForFunction(() => window.app !== undefined);
      await page.evaluate(() => {
        const ticks = { at: performance.now(), longest: 0 };
        Object.assign(window, { ticks });
        setInterval(() => {
          const now = performance.now();
          ticks.longest = Math.max(ticks.longest, now - ticks.at);
          ticks.at = now;
        }, 20);
      });
      const status = () => page.evaluate(() => window.app.provider.status);
      await expect
        .poll(async () => (await status()).unsyncedBytes, patience)
        .toBeGreaterThan(megabytes * 5e5);
      expect((await status()).phase).toBe('syncing');
      const sentAtStart = network.sentBytes;

      // The page can be written in meanwhile.
      await page.evaluate(() => window.app.type('and more'));
      const left: number[] = [];
      await expect
        .poll(async () => {
          const { phase, unsyncedBytes, reason } = await status();
          expect(reason).toBeUndefined();
          if (unsyncedBytes > 0) expect(phase).toBe('syncing');
          left.push(unsyncedBytes);
          return phase;
        }, patience)
        .toBe('synced');
      // It is told on the way how much is left.
      expect(new Set(left).size).toBeGreaterThan(5);
      expect(left.at(-1)).toBe(0);
      const sent = network.sentBytes - sentAtStart;
      const { longest } = await page.evaluate(
        () => (window as unknown as { ticks: { longest: number } }).ticks,
      );
      console.log({ megabytes, edits: editCount, sent, longestPauseMs: Math.round(longest) });
      // Once, and not again and again.
      expect(sent).toBeLessThan(megabytes * 1.3e6);

      const reader = await (await browser.newContext()).newPage();
      await reader.goto(url('life', `ws://127.0.0.1:${server.port}`));
      await reader.waitForFunction(() => window.app !== undefined);
      await expect
        .poll(() => reader.evaluate(() => window.app.text().length), patience)
        .toBe(length + 'and more'.length);
      expect(await reader.evaluate(() => window.app.text().endsWith('and more'))).toBe(true);
    },
    patience.timeout * 3,
  );
});
