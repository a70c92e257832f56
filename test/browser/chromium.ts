// A real Chromium for tests: the one of the system, or installed where that is possible.

import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { installPackages } from '../support/system-packages.js';

const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * The browser's path. Where there is none it is installed (as root, on a system with apt-get); otherwise CI fails, and
 * other machines get undefined, for the tests to skip.
 */
export function findChromium(): string | undefined {
  const found = installedChromium();
  if (found !== undefined) return found;
  installPackages('chromium');
  const installed = installedChromium();
  if (installed !== undefined) return installed;
  const hint = 'No Chromium: install it, or set CHROMIUM to its path.';
  if (process.env.CI === 'true') throw new Error(hint);
  console.warn(`\n*** BROWSER TESTS SKIPPED. ${hint} ***\n`);
  return undefined;
}

export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser. It makes no connections of its own. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: chromiumArguments });
}

/** The same, and pages that are left are kept for the way back, as people's browsers do. */
export function launchWithWayBack(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [...chromiumArguments, '--enable-features=BackForwardCache'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** The same with a profile in a folder, which outlives it as on a real device. */
export function launchDevice(executablePath: string, profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { executablePath, args: chromiumArguments });
}

function installedChromium(): string | undefined {
  const candidates = process.env.CHROMIUM === undefined ? systemPaths : [process.env.CHROMIUM];
  return candidates.find((path) => existsSync(path));
}
