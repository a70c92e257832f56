// HeddleProvider in real browsers whose network is really cut: the server killed, sockets reset, connections left half-open,
// the browser offline, pages reloaded and the browser closed meanwhile.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SyncStatus } from '../../client/index.js';
import { makeFolder, runHeddle, startServer, type ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { findChromium, launchChromium, launchDevice } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 20_000, interval: 50 };

describe.skipIf(executablePath === undefined)('a provider whose network is cut', () => {
  let pages: PageServer;
  let browser: Browser;
  let server: ServerProcess;
  let network: TcpProxy;
  const cleanup: (() => unknown)[] = [];

  beforeAll(async () => {
    pages = await PageServer.start('provider');
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  beforeEach(async () => {
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

  afterEach(async () => {
    for (let last = cleanup.pop(); last !== undefined; last = cleanup.pop()) await last();
  });

  async function device(): Promise<BrowserContext> {
    const context = await browser.newContext();
    cleanup.push(() => context.close());
    return context;
  }

  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    // Without HTTP beside, whose headers would hide what a return costs.
    await page.goto(pages.url({ server: network.url, name: 'notes', http: 'no' }));
    await page.waitForFunction(() => window.app !== undefined);
    return page;
  }

  async function cutOff(): Promise<void> {
    network.target = undefined;
    await server.kill();
    network.cut();
  }

  async function restore(): Promise<void> {
    await server.start();
    network.target = server.port;
  }

  const status = (page: Page): Promise<SyncStatus> => page.evaluate(() => window.app.provider.status);
  const text = (page: Page): Promise<string> => page.evaluate(() => window.app.text());
  const type = (page: Page, letters: string): Promise<void> =>
    page.evaluate((what) => window.app.type(what), letters);

  async function expectStatus(page: Page, expected: Partial<SyncStatus>): Promise<void> {
    await expect.poll(() => status(page), patience).toMatchObject(expected);
  }

  const synced = { phase: 'synced', unsyncedChanges: 0, savedLocally: true, reason: undefined } as const;

  test('K3 I1 N5 two devices write, reload and are closed without a server, and come back to the same', async () => {
    const profile = await makeFolder();
    cleanup.push(profile.remove);
    const launch = async (): Promise<BrowserContext> => launchDevice(executablePath!, profile.path);
    let second = await launch();
    cleanup.push(() => second.close());
    const one = await open(await device());
    let two = await open(second);
    for (const page of [one, two]) await expectStatus(page, { ...synced, transport: 'websocket' });
    await type(one, 'common ground. ');
    await expect.poll(() => text(two), patience).toBe('common ground. ');
    for (const page of [one, two]) await expectStatus(page, synced);

    await cutOff();
    for (const page of [one, two])
      await expectStatus(page, { phase: 'offline', unsyncedChanges: 0, transport: undefined });
    await type(one, 'one is away. ');
    await type(two, 'two as well. ');
    await expectStatus(one, { phase: 'offline', unsyncedChanges: 13, savedLocally: true });
    await expectStatus(two, { phase: 'offline', unsyncedChanges: 13, savedLocally: true });

    await one.reload();
    await one.waitForFunction(() => window.app !== undefined);
    await expect.poll(() => text(one), patience).toBe('common ground. one is away. ');
    await expectStatus(one, { phase: 'offline', unsyncedChanges: 13, savedLocally: true });
    expect((await status(one)).reason).toMatchObject({ kind: 'unreachable', isFinal: false });
    await type(one, 'Still. ');

    await second.close();
    second = await launch();
    two = await open(second);
    await expect.poll(() => text(two), patience).toBe('common ground. two as well. ');
    await expectStatus(two, { phase: 'offline', unsyncedChanges: 13, savedLocally: true });

    const sent = network.sentBytes;
    await restore();
    for (const page of [one, two]) await expectStatus(page, synced);
    await expect.poll(async () => (await text(one)) === (await text(two)), patience).toBe(true);
    expect((await text(one)).length).toBe('common ground. one is away. Still. two as well. '.length);
    // Two handshakes, and what was written: the common ground is not sent again.
    expect(network.sentBytes - sent).toBeLessThan(4_000);
    await server.stop();
    const { stdout } = await runHeddle(['docs', '--json', '--data', server.data]);
    const [document] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { records: number });
    const before = 'common ground. '.length;
    // What was written without a server came as few records: each edit is there once.
    expect(document?.records).toBeLessThan(before + 8);
    await server.start();
  });

  test('K3 a connection that is half-open is noticed within ten seconds, and nothing is lost', async () => {
    const [one, two] = [await open(await device()), await open(await device())];
    for (const page of [one, two]) await expectStatus(page, synced);
    network.isSilent = true;
    await type(one, 'into the void');
    await expectStatus(one, { unsyncedChanges: 13, savedLocally: true });
    await expect
      .poll(() => status(one), { timeout: 10_500, interval: 100 })
      .toMatchObject({ phase: 'offline' });
    network.isSilent = false;
    network.cut();
    await expectStatus(one, synced);
    await expect.poll(() => text(two), patience).toBe('into the void');
  });

  test('K3 sockets that are reset, and a browser that is offline', async () => {
    const context = await device();
    const [one, two] = [await open(context), await open(await device())];
    for (const page of [one, two]) await expectStatus(page, synced);
    for (let round = 0; round < 3; round++) {
      network.cut();
      await type(one, `${round}`);
      await expectStatus(one, synced);
    }
    await context.setOffline(true);
    network.cut();
    await expectStatus(one, { phase: 'offline' });
    await type(one, 'offline');
    await expectStatus(one, { phase: 'offline', unsyncedChanges: 7, savedLocally: true });
    await context.setOffline(false);
    await expectStatus(one, synced);
    await expect.poll(() => text(two), patience).toBe('012offline');
    const phases = await one.evaluate(() => window.app.statuses.map(({ phase }) => phase));
    expect(phases.at(-1)).toBe('synced');
    expect(phases).toContain('offline');
  });

  test('J1 two tabs of one browser go on together without a server, and bring each edit once', async () => {
    const context = await device();
    const [one, two] = [await open(context), await open(context)];
    for (const page of [one, two]) await expectStatus(page, synced);
    await cutOff();
    for (const page of [one, two]) await expectStatus(page, { phase: 'offline' });
    await type(one, 'from one. ');
    await expect.poll(() => text(two), patience).toBe('from one. ');
    await type(two, 'from two. ');
    await expect.poll(() => text(one), patience).toBe('from one. from two. ');
    for (const page of [one, two]) await expectStatus(page, { phase: 'offline', savedLocally: true });
    await one.close();
    await two.reload();
    await two.waitForFunction(() => window.app !== undefined);
    await expect.poll(() => text(two), patience).toBe('from one. from two. ');
    await restore();
    await expectStatus(two, synced);
    const reader = await open(await device());
    await expect.poll(() => text(reader), patience).toBe('from one. from two. ');
  });
});
