// From the demo to the figures that are committed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { findChromium, launchChromium } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)('the bench in the demo', () => {
  let server: DemoServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startDemoServer();
    browser = await launchChromium(executablePath!);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test('H10 its page opens from there, and its plots are drawn under the policy it is served with', async () => {
    const page = await browser.newPage();
    await page.goto(server.url);
    const problems: string[] = [];
    page.on('console', (message) => void problems.push(message.text()));
    page.on('pageerror', (error) => void problems.push(error.message));
    await page.getByTestId('bench-link').click();
    await page.waitForURL('**/bench.html');
    await page.locator('.plot > svg').first().waitFor();
    expect(problems).toEqual([]);
  });
});
