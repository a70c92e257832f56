// The right to one notebook, as the demo's server gives it out. An application of your own asks its own server.

import { SyncError } from '../../client/index.js';
import { ownName, ownUserId } from '../editor/identity.js';

/**
 * Asks for a token: to write all notes of a notebook, or to read one note of it. The provider calls this when it connects and
 * before the token ends, never to show a note. Throws SyncError where asking again would not help, and anything else where
 * it might.
 */
export async function requestNotebookToken(notebook: string, note?: string): Promise<string> {
  const access = note === undefined ? 'write' : 'read';
  const response = await fetch(new URL('../demo/token', document.baseURI), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: ownUserId(), name: ownName(), access, notebook, note }),
  });
  if (response.ok) return ((await response.json()) as { token: string }).token;
  const message = `the server gave no token (${response.status})`;
  if (response.status < 500 && response.status !== 429) throw new SyncError('FORBIDDEN', message);
  throw new Error(message);
}
