// What the tests of the demo page stand on: a server and a browser for a file, a document and a browser profile for a test.

import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launchChromium } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';
import { openDemoWindow, type DemoWindow } from './demo-window.js';

export const patience = { timeout: 15_000, interval: 50 };

/** Ready while a test runs. */
export class DemoStage {
  server!: DemoServer;
  browser!: Browser;
  context!: BrowserContext;
  /** Unlike that of the other tests. */
  documentNumber = 0;

  get documentName(): string {
    return `test-${this.documentNumber}`;
  }

  /** Of this test's document. */
  address(query = ''): string {
    return `${this.server.url}?doc=${this.documentName}${query}`;
  }

  /** A window of this test's document that is in sync with the server. */
  async openSynced(query = '', context = this.context): Promise<DemoWindow> {
    const window = await openDemoWindow(context, this.address(query));
    await expectPhase(window, 'synced');
    return window;
  }
}

/** Set up and taken down by the hooks of the suite that it is called in. */
export function demoStage(executablePath: string | undefined): DemoStage {
  const stage = new DemoStage();
  beforeAll(async () => {
    stage.server = await startDemoServer();
    stage.browser = await launchChromium(executablePath!);
  });
  beforeEach(async () => {
    stage.documentNumber++;
    stage.context = await stage.browser.newContext();
  });
  afterEach(() => stage.context.close());
  afterAll(async () => {
    await stage.browser?.close();
    await stage.server?.close();
  });
  return stage;
}

/** Waits until the status has this phase. */
export async function expectPhase(window: DemoWindow, phase: string): Promise<void> {
  await expect.poll(() => window.phase(), patience).toBe(phase);
}
