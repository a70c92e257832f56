// heddle/react, heddle/vue and heddle/svelte in a real browser: one document, shown by an application in each.

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compileSvelte } from '../support/compile-svelte.js';
import { startServer, testSecret, tokenFor, type TestServer } from '../support/test-server.js';
import { findChromium, launchChromium } from './chromium.js';
import { PageServer } from './page-server.js';

const executablePath = findChromium();
const patience = { timeout: 15_000, interval: 50 };
/** What Vue wants to be told by whoever bundles it. */
const vueFlags = {
  name: 'vue-flags',
  config: () => ({
    define: {
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
  }),
};
// By the alphabet, as the names of the others are shown.
const frameworks = ['react', 'svelte', 'vue'] as const;

describe.skipIf(executablePath === undefined)('K71 one application in three frameworks', () => {
  let server: TestServer;
  let pages: PageServer;
  let browser: Browser;
  let all: Page[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startServer({ auth: { secret: testSecret }, rosterVisible: 'everybody' });
    pages = await PageServer.start('frameworks', [compileSvelte(), vueFlags]);
    browser = await launchChromium(executablePath!);
    all = await Promise.all(frameworks.map(open));
  });

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await server?.close();
  });

  afterEach(() => {
    if (complaints.length > 0) throw new Error(`a page complained: ${complaints.splice(0).join('\n')}`);
  });

  async function open(framework: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => complaints.push(`${framework}: ${String(error)}`));
    page.on('console', (message) => {
      const isHarmless = message.location().url.endsWith('favicon.ico');
      if (['error', 'warning'].includes(message.type()) && !isHarmless)
        complaints.push(`${framework}: ${message.text()}`);
    });
    const token = await tokenFor(framework);
    await page.goto(pages.url({ server: server.url, user: framework, framework, token }));
    await page.waitForFunction(() => window.frameworks !== undefined);
    return page;
  }

  /** Shows an empty document in all of them. */
  async function show(name: string): Promise<void> {
    for (const page of all) await page.evaluate((name) => window.frameworks.application.show(name), name);
    for (const page of all) {
      await expectShown(page, 'status', 'synced');
      await expectShown(page, 'text', '');
    }
  }

  const shown = (page: Page, id: string): Promise<string | null> =>
    page
      .locator(`#${id}`)
      .evaluate((one: HTMLInputElement) => one.value ?? one.textContent, undefined, { timeout: 1_000 })
      .catch(() => null);

  async function expectShown(page: Page, id: string, text: string): Promise<void> {
    await expect.poll(() => shown(page, id), patience).toBe(text);
  }

  test('K71, K74: another name shows another document, and a path what is there', async () => {
    await show('one');
    for (const page of all) await expectShown(page, 'title', 'none');
    // A shared type as a title, which the others make anew.
    await all[0]!.evaluate(() => {
      const { doc } = [...window.frameworks.providers].at(-1)!;
      const todos = doc.getArray('todos');
      const text = doc.getText('text');
      const nested = new (doc.getMap('map').constructor as new () => import('yjs').Map<unknown>)();
      todos.insert(0, [nested]);
      nested.set('title', new (text.constructor as new (text: string) => import('yjs').Text)('a title'));
    });
    for (const page of all) await expectShown(page, 'title', 'a title');
    for (const page of all) {
      await page.evaluate(() => window.frameworks.application.show('two'));
      await expectShown(page, 'title', 'none');
      await expectShown(page, 'status', 'synced');
      const live = await page.evaluate(
        () => [...window.frameworks.providers].filter(({ shouldConnect }) => shouldConnect).length,
      );
      expect(live).toBe(1);
    }
    await all[1]!.locator('#text').fill('of two');
    for (const page of all) await expectShown(page, 'text', 'of two');
  });

  test('K72 renders what is selected of the others only when it is different', async () => {
    await show('three');
    for (const [index, page] of all.entries())
      await expectShown(
        page,
        'others',
        frameworks
          .filter((_name, at) => at !== index)

          .join(', '),
      );
    const renders = (): Promise<number[]> =>
      Promise.all(all.map((page) => page.evaluate(() => window.frameworks.counts.names)));
    const before = await renders();
    for (const page of all) for (let i = 0; i < 3; i++) await page.locator('#caret').click();
    for (const page of all) await expectShown(page, 'self', `${frameworks[all.indexOf(page)]} 3`);
    // What is written after the carets comes after them.
    await all[0]!.locator('#text').fill('end');
    for (const page of all) await expectShown(page, 'text', 'end');
    expect(await renders()).toEqual(before);
  });

  test('K71, K79, K82: shows who is here and the own devices, as the server knows them, and names one', async () => {
    await show('people');
    const everybody = frameworks.map((name) => `${name} as ${name}`).join(', ');
    for (const page of all) {
      await expectShown(page, 'roster', 'told');
      await expectShown(page, 'people', everybody);
      await expectShown(page, 'devices', 'none (this)');
      await page.locator('#rename').click();
      await expectShown(page, 'devices', `${frameworks[all.indexOf(page)]} (this)`);
    }
    await all[1]!.evaluate(() => window.frameworks.application.show('elsewhere'));
    for (const page of [all[0]!, all[2]!]) await expectShown(page, 'people', 'react as react, vue as vue');
  });

  test('K71, K72, K73: what one writes all show, and nothing is left when they have gone', async () => {
    await show('four');
    for (const page of all) await page.locator('#text').press('End');
    for (const [index, page] of all.entries()) {
      // Key by key, with the caret where the framework leaves it.
      await page.locator('#text').pressSequentially(`${frameworks[index]} `);
      const sofar = frameworks.slice(0, index + 1).map((name) => `${name} `);
      for (const other of all) await expectShown(other, 'text', sofar.join(''));
      await page.locator('#text').press('Home');
      for (const other of all) await other.locator('#text').press('End');
      await page.locator('#count').click();
      for (const other of all) await expectShown(other, 'map', String(index + 1));
      await page.locator('#add').click();
      const todos = frameworks.slice(0, index + 1).map((name, at) => `${name}${at > 0 ? ' (done)' : ''}`);
      for (const other of all) await expectShown(other, 'todos', todos.join(', '));
    }
    for (const [index, page] of all.entries()) {
      const others = frameworks.filter((_name, at) => at !== index);
      await expectShown(page, 'others', others.join(', '));
      await page.locator('#caret').click();
      await expectShown(page, 'self', `${frameworks[index]} 1`);
    }
    for (const page of all) {
      await page.evaluate(() => window.frameworks.application.unmount());
      await expect
        .poll(
          () =>
            page.evaluate(() => {
              const providers = [...window.frameworks.providers];
              return {
                shown: document.querySelector('#app')!.childElementCount,
                live: providers.filter(({ shouldConnect }) => shouldConnect).length,
                open: providers.filter(({ connection }) => connection.connected).length,
                docs: providers.filter(({ doc }) => !doc.isDestroyed).length,
                asked: window.frameworks.counts.asked,
              };
            }),
          patience,
        )
        .toEqual({ shown: 0, live: 0, open: 0, docs: 0, asked: 1 });
    }
  });
});
