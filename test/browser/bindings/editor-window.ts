// One window with an editor in it, as a person sees it: real key presses, and carets where they are on the screen.

import type { BrowserContext, Page } from 'playwright-core';
import type { Opened } from '../../../examples/tiptap/opening.js';

declare global {
  interface Window {
    /** Undefined until the editor is there. */
    editor: Opened | undefined;
  }
}

/** How an editor is opened and what is to be found where in its page. */
export interface EditorLooks {
  /** The example's folder. */
  readonly editor: string;
  /** What takes the keys, and holds the text. */
  readonly content: string;
  /** The caret of somebody else. */
  readonly caret: string;
  /** Their name: an element in the same order as the carets. Undefined: drawn by style behind the caret. */
  readonly label: string | undefined;
  /** What Ctrl+B makes of text; undefined where the text is plain. */
  readonly bold: string | undefined;
}

export interface Person {
  readonly name: string;
  readonly color: string;
}

/** Somebody else's caret on the screen. */
export interface SeenCaret {
  readonly name: string;
  /** The text of its line that is to the left of it. */
  readonly before: string;
}

export interface OpenOptions {
  /** Where the pages are. */
  readonly pages: string;
  /** The Heddle server's address. */
  readonly server: string;
  readonly document: string;
  readonly person: Person;
}

export class EditorWindow {
  readonly page: Page;
  /** Everything the page has complained about. */
  readonly complaints: string[] = [];
  readonly #looks: EditorLooks;
  #openSockets = 0;

  constructor(page: Page, looks: EditorLooks) {
    this.page = page;
    this.#looks = looks;
    page.on('websocket', (socket) => {
      this.#openSockets++;
      socket.on('close', () => this.#openSockets--);
    });
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()))
        this.complaints.push(`${message.text()} (${message.location().url})`);
    });
  }

  get openSockets(): number {
    return this.#openSockets;
  }

  text(): Promise<string> {
    return this.page.evaluate(() => window.editor!.text());
  }

  /** Types at the caret. */
  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** In sync with the server, with nothing left to bring there. */
  isSynced(): Promise<boolean> {
    return this.page.evaluate(() => window.editor!.provider.status.phase === 'synced');
  }

  /** The text of all that is bold. */
  async boldText(): Promise<string> {
    const { content, bold } = this.#looks;
    const parts = await this.page.locator(`${content} :is(${bold})`).allInnerTexts();
    return parts.join('');
  }

  carets(): Promise<SeenCaret[]> {
    return this.page.evaluate(seenCarets, this.#looks);
  }

  /** Points at the other's caret, where some editors show the name only then, and looks whether it can be read. */
  async showsName(): Promise<boolean> {
    const { caret, label } = this.#looks;
    const { x, y, width, height } = (await this.page.locator(caret).boundingBox())!;
    await this.page.mouse.move(x + width / 2, y + height / 2);
    if (label === undefined) return true;
    return this.page.locator(label).evaluate((element) => {
      const isVisible = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const { width: across, height: down } = element.getBoundingClientRect();
      return isVisible && across > 20 && down > 8;
    });
  }

  destroy(): Promise<void> {
    return this.page.evaluate(() => window.editor!.destroy());
  }
}

/** Opens an editor in a window of its own, and puts the caret into it. Resolves when it is in sync. */
export async function openEditorWindow(
  context: BrowserContext,
  looks: EditorLooks,
  { pages, server, document, person }: OpenOptions,
): Promise<EditorWindow> {
  const window = new EditorWindow(await context.newPage(), looks);
  const query = new URLSearchParams({
    url: server,
    name: document,
    user: person.name,
    color: person.color,
  });
  await window.page.goto(`${pages}${looks.editor}/?${query.toString()}`);
  await window.page.waitForFunction(() => globalThis.window.editor?.provider?.synced === true);
  await window.page.locator(looks.content).click();
  return window;
}

/** Runs in the page. Where a caret is, is measured: what counts is what a person sees, not what an element hangs in. */
function seenCarets({ content, caret, label }: EditorLooks): SeenCaret[] {
  const root = document.querySelector(content)!;
  const labels = label === undefined ? [] : [...document.querySelectorAll(label)];
  return [...document.querySelectorAll(caret)].map((one, index) => {
    const place = one.getBoundingClientRect();
    const drawn = getComputedStyle(one, '::after').content;
    const name = label === undefined ? (JSON.parse(drawn) as string) : (labels[index]?.textContent ?? '');
    return { name, before: textLeftOf(place) };
  });

  function textLeftOf({ left, top, bottom }: DOMRect): string {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let text = '';
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.parentElement!.closest(caret) !== null) continue;
      for (let at = 0; at < node.textContent!.length; at++) {
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        const letter = range.getBoundingClientRect();
        const isSameLine = letter.top < bottom && letter.bottom > top;
        if (isSameLine && letter.width > 0 && (letter.left + letter.right) / 2 < left + 1)
          text += node.textContent![at];
      }
    }
    // Some editors keep a space at the end of a line from collapsing.
    return text.replaceAll('\u00A0', ' ');
  }
}
