// The page itself on this device: its service worker, and new versions of it. Both example pages keep theirs so.

import { showToast } from './toast.js';

/** Whether the app starts without a network, in words. */
export let shellState = 'Being fetched.';

/** What the browser said when it could not keep the app; '' for nothing. */
export let shellProblem = '';

/**
 * Registers a service worker, and offers new versions. Where there can be none, the page works from the network. `mayAsk`: the
 * network may be asked for a newer version now.
 */
export async function keepAppShell(worker: string, mayAsk: () => boolean = () => true): Promise<void> {
  if (!('serviceWorker' in navigator)) {
    shellState = 'No: this browser keeps apps only from https addresses and from localhost.';
    return;
  }
  try {
    const { serviceWorker } = navigator;
    const registration = mayAsk()
      ? await serviceWorker.register(worker, { updateViaCache: 'none' })
      : await serviceWorker.getRegistration();
    if (registration === undefined) return;
    offerUpdates(registration, mayAsk);
    await navigator.serviceWorker.ready;
    shellState = 'Yes, from this device.';
    document.documentElement.dataset.shell = 'ready';
  } catch (error) {
    shellProblem = error instanceof Error ? error.message : String(error);
    shellState = 'No: this browser could not keep the app. Load the page again to try once more.';
  }
}

/** A new version waits until its reader agrees: a page in use is never exchanged under somebody's hands. */
function offerUpdates(registration: ServiceWorkerRegistration, mayAsk: () => boolean): void {
  let isAgreed = false;
  const offer = (worker: ServiceWorker | null): void => {
    // The first of this page has nobody to replace. That of a page above may be in charge of this one until then.
    if (worker === null || registration.active === null) return;
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
    if (document.visibilityState === 'visible' && mayAsk()) registration.update().catch(() => {});
  });
}
