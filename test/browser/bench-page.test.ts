// The bench's page in a real browser: one file that draws its plots, needs nothing else, and fits a phone.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compareAll } from '../../bench/report/comparison.js';
import { formatMedian } from '../../bench/report/format.js';
import { plotsOf } from '../../bench/report/html/plots.js';
import { fillPage } from '../../bench/report/page.js';
import { sampleResults } from '../bench/report/sample-results.js';
import { findChromium, launchChromium } from './chromium.js';
import { hardToRead, tooSmallForFingers } from './look.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const executablePath = findChromium();
const plots = sampleResults.scenarios.flatMap(({ id }) => plotsOf(sampleResults, id));

describe.skipIf(executablePath === undefined)('page of the bench', () => {
  let folder: string;
  let address: string;
  let browser: Browser;
  let page: Page;
  /** What the page asked for and complained about. */
  let requests: string[];
  let complaints: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'heddle-bench-page-'));
    writeFileSync(join(folder, 'bench.html'), fillPage(builtPage(folder), sampleResults));
    address = pathToFileURL(join(folder, 'bench.html')).href;
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    await page.context().close();
  });

  async function open(options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext(options);
    page = await context.newPage();
    requests = [];
    complaints = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(address);
  }

  const drawings = (): Promise<number> => page.locator('.plot > svg').count();
  const patience = { timeout: 15_000, interval: 50 };

  test('H10 it asks for nothing but itself, and nothing in it fails', async () => {
    await open();
    await expect.poll(drawings, patience).toBe(plots.length);
    await page.locator('.plot').first().scrollIntoViewIfNeeded();
    await page.locator('.plot > svg').first().hover();
    // Its icons are data in the page.
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
    expect(complaints).toEqual([]);
  });

  test('H10 it may run no other script and load nothing, whatever came into it', async () => {
    await open();
    const policy = await page.locator('meta[http-equiv="content-security-policy"]').getAttribute('content');
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'unsafe-inline'; img-src data:$/,
    );
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.intruded = true';
      document.body.append(script);
    });
    expect(await page.evaluate(() => 'intruded' in globalThis)).toBe(false);
  });

  test('H10 it shows the figures, and every plot has a name and its data in a table', async () => {
    await open();
    await expect.poll(drawings, patience).toBe(plots.length);
    for (const scenario of compareAll(sampleResults)) {
      const text = await page.locator(`#${scenario.id}`).innerText();
      for (const target of scenario.targets) expect(text).toContain(target);
      const all = await page.locator(`#${scenario.id}`).evaluate((section) => section.textContent);
      for (const figure of scenario.figures) {
        const cell = scenario.cell(scenario.reference, figure);
        if (cell !== undefined) expect(all).toContain(formatMedian(cell, figure));
      }
    }
    const named = await page.locator('.plot > svg').evaluateAll((all) => all.map((svg) => svg.ariaLabel));
    expect(named.filter((name) => (name ?? '').length > 10)).toHaveLength(plots.length);
    const figures = page.locator('figure.view');
    for (const [index, plot] of plots.entries()) {
      const rows = figures.nth(index).locator('details tbody tr');
      expect(await rows.count()).toBe(plot.series.reduce((sum, { points }) => sum + points.length, 0));
      expect(await figures.nth(index).locator('.plot [aria-label="line"]').count()).toBe(plot.series.length);
    }
  });

  test('it says everything but the plots without its script', async () => {
    await open({ javaScriptEnabled: false });
    expect(await page.locator('.bars').count()).toBeGreaterThan(10);
    expect(await page.locator('.goal').count()).toBe(11);
    expect(await drawings()).toBe(0);
  });

  test.each(['light', 'dark'] as const)(
    'U63 on a phone (%s) every text can be read, a finger finds what it begins with, and the goals are behind a fold',
    async (colorScheme) => {
      await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme });
      await expect.poll(drawings, patience).toBe(plots.length);
      expect(await hardToRead(page)).toEqual([]);
      expect(await tooSmallForFingers(page)).toEqual([]);
      expect(await page.locator('.goal').first().isVisible()).toBe(false);
      await page.getByText('Goals of the project').click();
      expect(await page.locator('.goal').first().isVisible()).toBe(true);
    },
  );

  test.each(['light', 'dark'] as const)('a phone needs no horizontal scroll, in %s', async (colorScheme) => {
    await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme });
    await expect.poll(drawings, patience).toBe(plots.length);
    await page.locator('details').evaluateAll((all) => all.forEach((one) => one.setAttribute('open', '')));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const widest = await page
      .locator('.plot > svg')
      .evaluateAll((all) => Math.max(...all.map((svg) => svg.getBoundingClientRect().right)));
    expect(widest).toBeLessThanOrEqual(390);
  });

  test('plots are drawn anew when the window changes', async () => {
    await open({ viewport: { width: 1280, height: 900 } });
    await expect.poll(drawings, patience).toBe(plots.length);
    await page.setViewportSize({ width: 500, height: 900 });
    const widest = (): Promise<number> =>
      page
        .locator('.plot > svg')
        .evaluateAll((all) => Math.max(...all.map((svg) => Number(svg.getAttribute('width')))));
    await expect.poll(widest, patience).toBeLessThan(500);
    expect(complaints).toEqual([]);
  });
});

/** Built into a folder of its own, so that the test does not depend on what was built before. */
function builtPage(folder: string): string {
  const vite = join(root, 'node_modules/.bin/vite');
  const args = [
    'build',
    '--config',
    'bench/report/page/vite.config.ts',
    '--outDir',
    folder,
    '--logLevel',
    'warn',
  ];
  const build = spawnSync(vite, args, { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`);
  return readFileSync(join(folder, 'page.html'), 'utf8');
}
