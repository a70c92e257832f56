// The app itself on this device: its service worker, new versions of it, and installing it.

import { pageElement } from '../editor/page-elements.js';
import { showToast } from '../editor/toast.js';

/** The event by which Chromium says that the page can be installed. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

/** Whether the app starts without a network, in words. */
export let shellState = 'Being fetched.';

/** What the browser said when it could not keep the app; '' for nothing. */
export let shellProblem = '';

/** Registers the service worker, and offers new versions and installation. Where there is none, the app works as a page. */
export async function keepAppShell(): Promise<void> {
  offerInstallation();
  if (!('serviceWorker' in navigator)) {
    shellState = 'No: this browser keeps apps only from https addresses and from localhost.';
    return;
  }
  try {
    const registration = await navigator.serviceWorker.register('./sw.js', { updateViaCache: 'none' });
    offerUpdates(registration);
    await navigator.serviceWorker.ready;
    shellState = 'Yes, from this device.';
    document.documentElement.dataset.shell = 'ready';
  } catch (error) {
    shellProblem = error instanceof Error ? error.message : String(error);
    shellState = 'No: this browser could not keep the app. Load the page again to try once more.';
  }
}

/** A new version waits until its reader agrees: a page in use is never exchanged under somebody's hands. */
function offerUpdates(registration: ServiceWorkerRegistration): void {
  let isAgreed = false;
  const offer = (worker: ServiceWorker | null): void => {
    // The very first one has nobody to replace.
    if (worker === null || navigator.serviceWorker.controller === null) return;
    const run = (): void => {
      isAgreed = true;
      worker.postMessage('take-over');
    };
    showToast('A new version is here.', { label: 'Use it', run, stays: true });
  };
  offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') offer(worker);
    });
  });
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (isAgreed) window.location.reload();
  });
  // An installed app may stay open for weeks.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') registration.update().catch(() => {});
  });
}

/** Asks the browser to keep the copies when room is short. Some ask the reader in turn, so this waits for a first note. */
export function askToKeepCopies(): void {
  // Not there on plain http.
  if ('storage' in navigator) navigator.storage.persist().catch(() => {});
}

function offerInstallation(): void {
  const button = pageElement('install', HTMLButtonElement);
  let offer: InstallPrompt | undefined;
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event as InstallPrompt;
    button.hidden = false;
  });
  button.addEventListener('click', () => {
    button.hidden = true;
    void offer?.prompt();
  });
  window.addEventListener('appinstalled', () => {
    button.hidden = true;
  });
}
