// The app on this device: what is asked of the browser when there is a first note, and installing it.

import { pageElement } from '../editor/page-elements.js';

/** The event by which Chromium says that the page can be installed. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

/** Asks the browser to keep the copies when room is short. Some ask the reader in turn, so this waits for a first note. */
export function askToKeepCopies(): void {
  // Not there on plain http.
  if ('storage' in navigator) navigator.storage.persist().catch(() => {});
}

/** Shows the button that installs the app, where the browser can. */
export function offerInstallation(): void {
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
