// One window of the demo page, as a person sees it.

import type { BrowserContext, Locator, Page, WebSocket } from 'playwright-core';

/** A window of the demo. */
export class DemoWindow {
  readonly page: Page;
  readonly #sockets = new Set<WebSocket>();

  constructor(page: Page) {
    this.page = page;
    page.on('websocket', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Sockets the browser has open for this window. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  part(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  /** Puts the caret at the end of the text and types. */
  async type(text: string): Promise<void> {
    await this.part('editor').locator('.tiptap').click();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
  }

  /** The text that is shown, a line per block, without the carets of the others. */
  async text(): Promise<string> {
    return this.part('editor').evaluate((editor) => {
      const copy = editor.cloneNode(true) as HTMLElement;
      for (const caret of copy.querySelectorAll('.collaboration-carets__caret')) caret.remove();
      const blocks = copy.querySelectorAll('p, h1, h2, h3, pre');
      // ProseMirror puts word joiners around widgets.
      return Array.from(blocks, (block) => (block.textContent ?? '').replaceAll('\u2060', '')).join('\n');
    });
  }

  async phase(): Promise<string | null> {
    return this.part('status').getAttribute('data-phase');
  }

  /** Waits until this device has every edit made in this window. */
  async saved(): Promise<void> {
    await this.page.locator('[data-testid=status][data-saved=yes]').waitFor();
  }

  async statusLabel(): Promise<string> {
    return (await this.part('status').innerText()).trim();
  }

  /** What the details of the status say about one thing: detail, device, last. */
  async statusDetail(what: string): Promise<string> {
    await this.part('status').click();
    const text = await this.page.locator(`#status-${what}`).innerText();
    await this.page.keyboard.press('Escape');
    return text;
  }

  async technicalDetails(): Promise<string> {
    await this.part('status').click();
    await this.page.getByText('Technical details').click();
    const text = await this.page.locator('#status-technical').innerText();
    await this.page.keyboard.press('Escape');
    return text;
  }

  /** The names on the carets of the others. */
  async caretNames(): Promise<readonly string[]> {
    return this.part('editor').locator('.collaboration-carets__label').allInnerTexts();
  }

  async avatarCount(): Promise<number> {
    return this.part('avatars').locator('.avatar').count();
  }

  async listedDocuments(): Promise<readonly string[]> {
    return this.part('document-list').locator('.document-name').allInnerTexts();
  }

  async turnSwitch(): Promise<void> {
    await this.part('network-switch').click();
  }
}

/** Opens the demo in a new window of `context` and waits until it shows the text it has. */
export async function openDemoWindow(context: BrowserContext, url: string): Promise<DemoWindow> {
  const window = new DemoWindow(await context.newPage());
  await window.page.goto(url);
  await window.part('editor').locator('.tiptap').waitFor();
  return window;
}
