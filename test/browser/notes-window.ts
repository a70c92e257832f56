// One window of the notes app, as a person sees it.

import type { BrowserContext, Locator, Page, WebSocket } from 'playwright-core';
import { expect } from 'vitest';

/** For `expect.poll`. */
export const patience = { timeout: 20_000, interval: 50 };
export const savedOnServer = 'Saved on the server';

export class NotesWindow {
  readonly page: Page;
  readonly #sockets = new Set<WebSocket>();
  /** What went wrong in the page: errors that nobody caught, and those that were written to the console. */
  readonly failures: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('websocket', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    page.on('pageerror', (error) => this.failures.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && this.failures.push(message.text()));
  }

  /** Sockets the browser has open for this window. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  part(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** Begins a note and writes these lines. */
  async write(...lines: string[]): Promise<void> {
    await this.part('new-note').click();
    await this.part('editor').locator('.tiptap:focus').waitFor();
    await this.page.keyboard.type(lines.join('\n'));
  }

  /** Types at the end of the note that is shown. */
  async type(text: string): Promise<void> {
    await this.part('editor').locator('.tiptap').click();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
  }

  async titles(): Promise<readonly string[]> {
    return this.part('notes').locator('.note-title').allInnerTexts();
  }

  /** The titles of the notes that are marked as not being on the server. */
  async waitingTitles(): Promise<readonly string[]> {
    return this.part('notes').locator('.note-link:has(.note-waiting) .note-title').allInnerTexts();
  }

  async open(title: string): Promise<void> {
    await this.part('notes').getByText(title, { exact: true }).click();
  }

  /** The text of the note that is shown, a line per block, without the carets of the others. */
  async text(): Promise<string> {
    return this.part('editor').evaluate((editor) => {
      const copy = editor.cloneNode(true) as HTMLElement;
      for (const caret of copy.querySelectorAll('.collaboration-carets__caret')) caret.remove();
      const blocks = copy.querySelectorAll('p, h1, h2, h3, pre');
      return Array.from(blocks, (block) => (block.textContent ?? '').replaceAll('\u2060', '')).join('\n');
    });
  }

  async status(): Promise<string> {
    return (await this.part('status').innerText()).trim();
  }

  /** What the details say about one thing: server, device, connection, last, shell. */
  async detail(what: string): Promise<string> {
    await this.part('status').click();
    const text = await this.page.locator(`#status-${what}`).innerText();
    await this.page.keyboard.press('Escape');
    return text;
  }

  /** Waits until the app itself is on this device. */
  async installed(): Promise<void> {
    await this.page.locator('html[data-shell=ready]').waitFor({ state: 'attached' });
  }
}

/** Opens the app in a new window of `context`. */
export async function openNotesWindow(context: BrowserContext, url: string): Promise<NotesWindow> {
  const window = new NotesWindow(await context.newPage());
  await window.page.goto(url);
  return window;
}

/** Opens the app and waits until it is the same as the server. */
export async function openSaved(context: BrowserContext, url: string): Promise<NotesWindow> {
  const window = await openNotesWindow(context, url);
  await expectStatus(window, savedOnServer);
  return window;
}

/** Waits until the pill says this. */
export async function expectStatus(window: NotesWindow, label: string): Promise<void> {
  await expect.poll(() => window.status(), patience).toBe(label);
}

/** Waits until these are the notes that are marked as not being on the server. */
export async function expectWaiting(window: NotesWindow, titles: readonly string[]): Promise<void> {
  await expect.poll(() => window.waitingTitles(), patience).toEqual(titles);
}

/** Waits until these are the notes that are listed. */
export async function expectTitles(window: NotesWindow, titles: readonly string[]): Promise<void> {
  await expect.poll(() => window.titles(), patience).toEqual(titles);
}
