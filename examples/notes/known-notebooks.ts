// The notebooks that their reader has opened on this device, the last one first: opening a link must not lose the one before.

import { randomHex } from '../editor/identity.js';
import { deviceStorage } from '../editor/safe-storage.js';
import { ownKey } from './account.js';

/** A notebook of this device. */
export interface KnownNotebook {
  readonly id: string;
  readonly name: string;
}

/** Of who was signed in when the page was loaded: somebody else may be by now. */
const key = ownKey('heddle-notes.notebooks');

/** The one opened last first. */
export function knownNotebooks(): readonly KnownNotebook[] {
  try {
    const found: unknown = JSON.parse(deviceStorage.get(key) ?? '[]');
    return Array.isArray(found) ? found.filter(isNotebook) : [];
  } catch {
    return [];
  }
}

/** Remembers a notebook as the one opened last, by the name it has now. */
export function rememberNotebook(notebook: KnownNotebook): void {
  const others = knownNotebooks().filter(({ id }) => id !== notebook.id);
  deviceStorage.set(key, JSON.stringify([notebook, ...others]));
}

/** An id that nobody guesses. */
export function newNotebookId(): string {
  return randomHex(16);
}

function isNotebook(value: unknown): value is KnownNotebook {
  const { id, name } = (value ?? {}) as { id?: unknown; name?: unknown };
  return typeof id === 'string' && typeof name === 'string';
}
