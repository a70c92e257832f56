// The notes app with accounts (examples/accounts): two devices of one person and one of another, in real browsers, while a
// payment changes what they may do, a device is signed out, and tokens cannot be had.

import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { signatureOf } from '../../examples/accounts/plan-webhook.mjs';
import { startAccountsServer, webhookSecret, type AccountsServer } from '../support/accounts-server.js';
import { findChromium, launchChromium } from './chromium.js';
import { NotesWindow, patience, savedOnServer } from './notes-window.js';

const executablePath = findChromium();
const password = 'correct horse battery';
const tokenLifeS = 8;

/** A browser profile of somebody. */
interface Device {
  readonly context: BrowserContext;
  readonly window: NotesWindow;
  /** Sockets that the notes app has opened since it was loaded. */
  readonly sockets: () => number;
}

describe.skipIf(executablePath === undefined)('the notes app with accounts', () => {
  let browser: Browser;
  let server: AccountsServer;
  const contexts: BrowserContext[] = [];
  let people = 0;

  beforeAll(async () => {
    browser = await launchChromium(executablePath!);
    server = await startAccountsServer(`${tokenLifeS}s`);
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  const newPerson = (name: string): { name: string; email: string } => ({
    name,
    email: `${name.toLowerCase()}${++people}@example.com`,
  });

  async function fillIn(page: Page, form: string, fields: Readonly<Record<string, string>>): Promise<void> {
    if (!(await page.locator(`#${form}`).isVisible()))
      await page.locator(`[data-show=${form}]:visible`).click();
    for (const [name, value] of Object.entries(fields))
      await page.locator(`#${form} [name=${name}]`).fill(value);
    await page.locator(`#${form} button:not([type=button])`).click();
  }

  async function signIn(page: Page, { email }: { email: string }): Promise<void> {
    await page.locator('#sign-in').waitFor();
    await fillIn(page, 'sign-in', { email, password });
    await page.locator('#account').waitFor();
  }

  async function newContext(): Promise<BrowserContext> {
    const context = await browser.newContext();
    contexts.push(context);
    return context;
  }

  /** Signs in on a new device, registering if that is wanted, and opens the notebook. */
  async function newDevice(
    person: { name: string; email: string },
    notebook: string,
    isNew = false,
  ): Promise<Device> {
    const context = await newContext();
    const page = await context.newPage();
    await page.goto(server.url);
    if (isNew) {
      await page.locator('#sign-in').waitFor();
      await fillIn(page, 'register', { ...person, password });
      await page.locator('#account').waitFor();
    } else await signIn(page, person);
    return { context, ...(await openNotes(page, notebook)) };
  }

  async function openNotes(page: Page, notebook: string): Promise<Omit<Device, 'context'>> {
    let opened = 0;
    page.on('websocket', () => opened++);
    const window = new NotesWindow(page);
    await page.goto(`${server.url}/app/notes/#${notebook}`);
    await expect.poll(() => window.status(), patience).toBe(savedOnServer);
    return { window, sockets: () => opened };
  }

  async function pay(email: string, plan: string): Promise<void> {
    const body = JSON.stringify({ email, plan });
    const headers = { 'x-signature': signatureOf(webhookSecret, body) };
    const response = await fetch(`${server.url}/webhooks/plan`, { method: 'POST', body, headers });
    expect(response.status).toBe(200);
  }

  const editable = (window: NotesWindow): Promise<string | null> =>
    window.part('editor').locator('.tiptap').getAttribute('contenteditable');
  const account = (window: NotesWindow): Promise<string> => window.part('account').innerText();

  test('U47 whatever path is asked for, it is answered and goes on', async () => {
    for (const path of [
      '//',
      '///',
      '/%00.html',
      '/..%2fserver.mjs',
      '/%',
      '/app/notes/..%2f..%2findex.html',
    ])
      expect([400, 404], path).toContain(await statusOf(server.url, path));
    expect(await statusOf(server.url, '/')).toBe(200);
  });

  test('A6, A10: a payment changes plan and rights of every device while all type, and nothing reconnects', async () => {
    const ada = newPerson('Ada');
    const notebook = 'accountsnotebook0001';
    const laptop = await newDevice(ada, notebook, true);
    await laptop.window.write('Plans');
    await expect.poll(() => laptop.window.status(), patience).toBe(savedOnServer);
    const phone = await newDevice(ada, notebook);
    const bob = await newDevice(newPerson('Bob'), notebook, true);
    for (const { window } of [phone, bob]) await window.open('Plans');
    for (const { window } of [phone, bob]) await expect.poll(() => window.text(), patience).toBe('Plans');
    const all = [laptop, phone, bob];
    const before = all.map(({ sockets }) => sockets());

    await pay(ada.email, 'free');
    for (const { window } of [laptop, phone]) {
      await expect.poll(() => account(window), patience).toBe('Ada, plan free');
      await expect.poll(() => editable(window), patience).toBe('false');
      await expect.poll(() => window.status(), patience).toBe('Synced, read-only');
    }
    expect(await account(bob.window)).toBe('Bob, plan team');
    await bob.window.type(' by Bob');
    await expect.poll(() => phone.window.text(), patience).toBe('Plans by Bob');

    const typing = bob.window.type(' who goes on typing');
    await pay(ada.email, 'team');
    await typing;
    for (const { window } of [laptop, phone]) {
      await expect.poll(() => account(window), patience).toBe('Ada, plan team');
      await expect.poll(() => editable(window), patience).toBe('true');
    }
    await laptop.window.type(', Ada');
    await phone.window.type(' twice');
    for (const { window } of all)
      await expect.poll(() => window.text(), patience).toBe('Plans by Bob who goes on typing, Ada twice');
    expect(all.map(({ sockets }) => sockets())).toEqual(before);
  });

  test('A5: a device that is signed out elsewhere is out, keeps what it writes, and brings it when it is let in again', async () => {
    const ada = newPerson('Ada');
    const notebook = 'accountsnotebook0002';
    const lost = await newDevice(ada, notebook, true);
    await lost.window.write('On the lost phone');
    await expect.poll(() => lost.window.status(), patience).toBe(savedOnServer);
    const laptop = await newDevice(ada, notebook);
    await laptop.window.open('On the lost phone');

    const settings = await laptop.context.newPage();
    await settings.goto(server.url);
    await settings.locator('#sessions button').click();
    await expect.poll(() => settings.locator('#sessions li').count(), patience).toBe(1);
    await expect.poll(() => lost.window.part('status').getAttribute('data-phase'), patience).toBe('refused');
    await lost.window.type(', and after');
    await laptop.window.type(', and here');
    await expect.poll(() => laptop.window.status(), patience).toBe(savedOnServer);
    expect(await laptop.window.text()).toBe('On the lost phone, and here');
    expect(await lost.window.text()).toBe('On the lost phone, and after');

    await lost.window.part('status').click();
    await lost.window.page.getByRole('button', { name: 'Try again' }).click();
    await signIn(lost.window.page, ada);
    await lost.window.page.locator('a.button').click();
    await lost.window.open('On the lost phone, and after').catch(() => {});
    await expect.poll(() => lost.window.status(), patience).toBe(savedOnServer);
    await expect.poll(async () => (await laptop.window.text()).length, patience).toBe(38);
    expect(await laptop.window.text()).toContain(', and after');
  });

  test('A10, K66: a token that ends while none can be had stops the upload and no typing, and goes on by itself', async () => {
    const { window, context, sockets } = await newDevice(newPerson('Eve'), 'accountsnotebook0003', true);
    await window.write('Before');
    await expect.poll(() => window.status(), patience).toBe(savedOnServer);
    await context.route('**/api/auth/token', (route) => route.abort());
    await expect.poll(() => window.status(), patience).not.toBe(savedOnServer);
    await window.type(' and meanwhile');
    await expect.poll(() => window.waitingTitles(), patience).toEqual(['Before and meanwhile']);
    await context.unroute('**/api/auth/token');
    await expect.poll(() => window.status(), patience).toBe(savedOnServer);
    expect(await window.waitingTitles()).toEqual([]);
    expect(sockets()).toBeGreaterThan(0);
  });

  test('J18, K21: who signs out in one tab is out in all, and the next person sees nothing of the one before', async () => {
    const ada = newPerson('Ada');
    const notebook = 'accountsnotebook0004';
    const { window, context } = await newDevice(ada, notebook, true);
    await window.write('Secret of Ada');
    await expect.poll(() => window.status(), patience).toBe(savedOnServer);
    const other = await context.newPage();
    await other.goto(server.url);
    await other.locator('#sign-out').click();
    await other.locator('#sign-in').waitFor();
    await expect.poll(() => window.part('status').getAttribute('data-phase'), patience).toBe('refused');

    // The server lets Bob read the notebook too, so it is kept from answering: what he sees then is of this device alone.
    await fillIn(other, 'register', { ...newPerson('Bob'), password });
    await other.locator('#account').waitFor();
    await context.route('**/api/auth/token', (route) => route.abort());
    const bob = new NotesWindow(other);
    await other.goto(`${server.url}/app/notes/`);
    await expect.poll(() => other.evaluate(() => location.hash), patience).toMatch(/^#[0-9a-f]{32}$/);
    await other.goto(`${server.url}/app/notes/#${notebook}`);
    await expect.poll(() => account(bob), patience).toBe('Bob');
    await expect.poll(() => bob.part('status').getAttribute('data-phase'), patience).not.toBe('loading');
    expect(await bob.titles()).toEqual([]);
  });

  test('U69 the devices of an account are signed out where the account is, and so is this one, with every window', async () => {
    const ada = newPerson('Ada');
    const notebook = 'accountsnotebook0006';
    const { window, context } = await newDevice(ada, notebook, true);
    await newDevice(ada, notebook);
    await window.write('Of Ada');
    await expect.poll(() => window.status(), patience).toBe(savedOnServer);
    const other = await context.newPage();
    await openNotes(other, notebook);
    await window.part('notebook').click();
    await window.part('devices').click();
    await expect.poll(() => window.part('device').count(), patience).toBe(2);
    const dialog = window.part('devices-dialog');
    expect(await dialog.getByRole('button', { name: /^Sign out/ }).count()).toBe(0);
    expect(await window.part('same-reader-link').isVisible()).toBe(false);
    expect(await dialog.getByRole('link').getAttribute('href')).toBe('/');
    await dialog.getByRole('button', { name: 'Close' }).click();

    const signOut = async (): Promise<void> => {
      await window.part('notebook').click();
      await window.part('sign-out').click();
      await window.part('confirm-yes').click();
    };
    await context.route('**/api/auth/sign-out', (route) => route.abort());
    await signOut();
    await window.page.getByText('You are still signed in').waitFor();
    expect(await window.status()).toBe(savedOnServer);
    await window.page.getByRole('button', { name: 'Done' }).click();
    await context.unroute('**/api/auth/sign-out');
    await signOut();
    for (const page of [window.page, other]) await page.locator('#sign-in').waitFor();
    const left = await other.evaluate(async () => [
      ...Object.keys(localStorage),
      ...(await indexedDB.databases()).map(({ name }) => name),
    ]);
    // The list of copies, and the word of the wipe.
    expect(left.filter((name) => name !== 'heddle.wipe' && name !== './heddle')).toEqual([]);
  });

  test('a forgotten password is set anew by mail, which ends every session', async () => {
    const ada = newPerson('Ada');
    const device = await newDevice(ada, 'accountsnotebook0005', true);
    const page = await (await newContext()).newPage();
    await page.goto(server.url);
    await page.locator('#sign-in').waitFor();
    await fillIn(page, 'forgot', { email: ada.email });
    const mail = (): string | undefined =>
      server.lines.find((line) => line.startsWith(`mail to ${ada.email}`));
    await expect.poll(mail, patience).toBeDefined();
    await page.goto(/http\S+/.exec(mail()!)![0]);
    await fillIn(page, 'reset', { newPassword: 'another horse' });
    await page.locator('#sign-in').waitFor();
    await expect
      .poll(() => device.window.part('status').getAttribute('data-phase'), patience)
      .toBe('refused');
    await fillIn(page, 'sign-in', { email: ada.email, password });
    await expect.poll(() => page.locator('#message').innerText(), patience).not.toBe('');
    await fillIn(page, 'sign-in', { email: ada.email, password: 'another horse' });
    await page.locator('#account').waitFor();
  });
});

/** The status of the answer to a request for a path as it stands, which `fetch` would tidy up. */
async function statusOf(url: string, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(url);
  const [response] = (await once(request({ hostname, port, path }).end(), 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}
