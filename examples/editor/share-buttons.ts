// "Second window" and "Copy read-only link".

import { newIcon } from './icons.js';
import { documentUrl } from './page-address.js';
import { pageElement } from './page-elements.js';
import { showToast } from './toast.js';

/** Wires both buttons to the document that is open when they are pressed. */
export function wireShareButtons(documentName: () => string): void {
  const second = pageElement('second-window', HTMLButtonElement);
  second.prepend(newIcon('window'));
  second.addEventListener('click', () => {
    // noopener: otherwise the new window would start with a copy of this one's sessionStorage, switch position included.
    window.open(window.location.href, '_blank', 'noopener,popup,width=820,height=760');
  });
  const link = pageElement('read-only-link', HTMLButtonElement);
  link.prepend(newIcon('link'));
  link.addEventListener('click', () => void copyLink(documentUrl(documentName(), 'read')));
}

async function copyLink(url: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(url);
    showToast('Read-only link copied.');
  } catch {
    // No clipboard on plain http, or no permission for it.
    window.prompt('Read-only link', url);
  }
}
