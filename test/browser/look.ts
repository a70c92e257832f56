// What somebody sees of a page: colours as they are painted, sizes as a finger finds them.

import type { Locator, Page } from 'playwright-core';

/** The hue of an element's background in degrees: 0 red, 45 amber, 140 green, 170 teal. */
export async function hueOf(element: Locator): Promise<number> {
  return element.evaluate((found) => {
    const context = document.createElement('canvas').getContext('2d')!;
    context.fillStyle = getComputedStyle(found).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0] = context.getImageData(0, 0, 1, 1).data;
    const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
    const turn =
      most === r
        ? (g - b) / (most - least)
        : most === g
          ? 2 + (b - r) / (most - least)
          : 4 + (r - g) / (most - least);
    return Math.round((turn * 60 + 360) % 360);
  });
}

/** How well the text of an element can be read on what is painted behind it, as WCAG counts: 4.5 is enough for small text. */
export async function contrastOf(element: Locator): Promise<number> {
  const [found] = await element.evaluateAll(contrasts);
  return found!.contrast;
}

/** The texts of a page that cannot be read well, with their contrast. What is switched off is left out. */
export async function hardToRead(page: Page): Promise<readonly string[]> {
  const all = await page.locator('body *').evaluateAll(contrasts);
  return all
    .filter(({ contrast }) => contrast < 4.5)
    .map(({ text, contrast }) => `${text}: ${contrast.toFixed(2)}`);
}

/** Runs in the page: the contrast of each element that has text of its own and can be seen. */
function contrasts(elements: readonly Element[]): { text: string; contrast: number }[] {
  const context = document.createElement('canvas').getContext('2d')!;
  const painted = (colors: readonly string[]): number => {
    for (const color of colors) {
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }
    const light = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * light[0]! + 0.7152 * light[1]! + 0.0722 * light[2]!;
  };
  return elements.flatMap((element) => {
    const text = [...element.childNodes]
      .map((node) => (node.nodeType === 3 ? node.nodeValue : ''))
      .join('')
      .trim();
    const isSeen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (text === '' || !isSeen || element.closest('[aria-disabled=true], :disabled') !== null) return [];
    const behind: string[] = [];
    for (let at: Element | null = element; at !== null; at = at.parentElement)
      behind.unshift(getComputedStyle(at).backgroundColor);
    const ground = painted(behind);
    const ink = painted([...behind, getComputedStyle(element).color]);
    return [{ text, contrast: (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05) }];
  });
}

/** Everything that can be pressed and is smaller than a fingertip: its text or label, with its size. */
export async function tooSmallForFingers(page: Page, least = 44): Promise<readonly string[]> {
  return page.$$eval(
    'button, a[href], input, summary',
    (elements, leastPx) =>
      elements
        .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .filter((one) => !one.classList.contains('skip-link'))
        .map((one) => ({ one, box: one.getBoundingClientRect() }))
        .filter(({ box }) => box.width < leastPx || box.height < leastPx)
        .map(({ one, box }) => {
          const name = one.getAttribute('aria-label') ?? one.textContent?.trim() ?? one.id;
          return `${name || one.id}: ${Math.round(box.width)} x ${Math.round(box.height)}`;
        }),
    least,
  );
}

/** What the keyboard found. */
interface Tour {
  readonly reached: readonly string[];
  /** What had the focus and did not show it. */
  readonly unseen: readonly string[];
  /** What is there to be pressed and was never reached. */
  readonly missed: readonly string[];
}

/** Presses Tab until everything had its turn. */
export async function tabThrough(page: Page): Promise<Tour> {
  const reached = new Set<string>();
  const unseen = new Set<string>();
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press('Tab');
    const { name, isShown } = await page.evaluate(() => {
      const one = document.activeElement ?? document.body;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      // A text has its caret.
      const isText = one.classList.contains('tiptap');
      const isOutlined = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
      return {
        name: one.id || (one.textContent ?? '').trim(),
        isShown: isText || isOutlined || one === document.body,
      };
    });
    reached.add(name);
    if (!isShown) unseen.add(name);
  }
  const there = await page.$$eval('button, a[href], input', (elements) =>
    elements
      .filter(
        (one) => one.checkVisibility({ visibilityProperty: true }) && (one as HTMLElement).tabIndex >= 0,
      )
      .filter((one) => !(one as HTMLButtonElement).disabled)
      .map((one) => one.id || (one.textContent ?? '').trim()),
  );
  return { reached: [...reached], unseen: [...unseen], missed: there.filter((name) => !reached.has(name)) };
}
