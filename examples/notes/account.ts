// Whose notes these are, where the app is served beside accounts (examples/accounts): the page for signing in leaves this under
// a key of localStorage, so that the app knows it without a network. Without it the demo's server is asked, which has no accounts.

import { LoginRequired, SyncError } from '../../client/index.js';
import { deviceStorage } from '../editor/safe-storage.js';

export interface Account {
  /** `sub` of this user's tokens. */
  readonly id: string;
  readonly name: string;
  /** URL of the Heddle server. */
  readonly server: string;
  /** URL under which tokens are had. */
  readonly auth: string;
  /** Path of the page for signing in. */
  readonly signIn: string;
}

const accountKey = 'heddle-notes.account';

/** Undefined where nobody has signed in, or there are no accounts. */
export function ownAccount(): Account | undefined {
  const text = deviceStorage.get(accountKey);
  return text === null ? undefined : (JSON.parse(text) as Account);
}

/** Asks for a token. Throws LoginRequired when the sign-in has ended, and another error where asking again may help. */
export async function requestAccountToken({ auth }: Account): Promise<string> {
  const response = await fetch(new URL('token', auth), { credentials: 'include' });
  if (response.ok) return ((await response.json()) as { token: string }).token;
  const message = `the server gave no token (${response.status})`;
  if (response.status === 401) throw new LoginRequired(message);
  if (response.status < 500 && response.status !== 429) throw new SyncError('FORBIDDEN', message);
  throw new Error(message);
}

/** Ends the sign-in of this browser where it was made. Throws where that cannot be done now. */
export async function endSignIn({ auth }: Account): Promise<void> {
  const response = await fetch(new URL('sign-out', auth), {
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  if (!response.ok) throw new Error(`the server did not sign out (${response.status})`);
}

/** The key under which this device keeps something for whoever is signed in: nobody else who signs in here finds it. */
export function ownKey(key: string): string {
  const account = ownAccount();
  return account === undefined ? key : `${key}@${account.id}`;
}

/** Calls `changed` when somebody has signed out, or signed in as somebody else, in another window. Returns how to stop. */
export function onAccountChange(account: Account, changed: () => void): () => void {
  const look = ({ key }: StorageEvent): void => {
    if ((key === accountKey || key === null) && ownAccount()?.id !== account.id) changed();
  };
  window.addEventListener('storage', look);
  return () => window.removeEventListener('storage', look);
}

/** Leaves for the page where one signs in, out, and sees one's devices. */
export function goToSignIn({ signIn }: Account): void {
  window.location.assign(signIn);
}
