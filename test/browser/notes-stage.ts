// What tests of the notes app stand on: a server and a browser for a file, a notebook and two devices for a test.

import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { launchChromium } from './chromium.js';
import { startDemoServer, type DemoServer } from './demo-server.js';

/** Ready while a test runs. */
export class NotesStage {
  server!: DemoServer;
  browser!: Browser;
  context!: BrowserContext;
  /** Another device. */
  elsewhere!: BrowserContext;
  /** Unlike that of the other tests. */
  notebook = '';
  number = 0;

  /** Of the app. */
  get app(): string {
    return `${this.server.url}notes/`;
  }

  /** Of this test's notebook. */
  get address(): string {
    return `${this.app}#${this.notebook}`;
  }
}

/** Set up and taken down by the hooks of the suite that it is called in. */
export function notesStage(executablePath: string | undefined): NotesStage {
  const stage = new NotesStage();
  beforeAll(async () => {
    stage.server = await startDemoServer();
    stage.browser = await launchChromium(executablePath!);
  });
  beforeEach(async () => {
    stage.notebook = `stagednotebook${String(++stage.number).padStart(4, '0')}`;
    stage.context = await stage.browser.newContext();
    stage.elsewhere = await stage.browser.newContext();
  });
  afterEach(async () => {
    await stage.context.close();
    await stage.elsewhere.close();
  });
  afterAll(async () => {
    await stage.browser?.close();
    await stage.server?.close();
  });
  return stage;
}
