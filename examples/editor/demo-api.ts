// The requests of demo mode: a token, the list of documents, and to delete one. A server of your own gives out tokens its own way.

import { SyncError } from '../../client/index.js';

const patienceMs = 10_000;

/** What `POST /demo/token` answers. */
export interface DemoToken {
  readonly token: string;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly expiresAt: number;
}

/** A document the server knows, named without `demo/`. */
export interface ListedDocument {
  readonly name: string;
  readonly changedAt: number;
  readonly bytes: number;
}

/**
 * Asks for a token for the demo's documents. Throws SyncError when the server gives none, and any other error when asking
 * again may help: the provider does.
 */
export async function requestToken(
  who: { name: string; user: string; access: 'read' | 'write' },
  signal: AbortSignal = AbortSignal.timeout(patienceMs),
): Promise<DemoToken> {
  const response = await fetch(new URL('demo/token', document.baseURI), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
    signal,
  });
  return (await readJson(response)) as DemoToken;
}

/** The documents the server has, in its order. Throws as {@link requestToken} does. */
export async function listDocuments(): Promise<readonly ListedDocument[]> {
  const signal = AbortSignal.timeout(patienceMs);
  const response = await fetch(new URL('demo/documents', document.baseURI), { cache: 'no-store', signal });
  return ((await readJson(response)) as { documents: ListedDocument[] }).documents;
}

/**
 * Deletes a document for everybody, with a token that may write it. Resolves with whether the server had it. Throws as
 * {@link requestToken} does.
 */
export async function deleteOnServer(documentName: string, token: string): Promise<boolean> {
  const response = await fetch(new URL('demo/delete', document.baseURI), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ document: documentName }),
    signal: AbortSignal.timeout(patienceMs),
  });
  return ((await readJson(response)) as { deleted: boolean }).deleted;
}

async function readJson(response: Response): Promise<unknown> {
  if (response.ok) return response.json();
  const said = (await response.text()).slice(0, 200) || `the server answered ${response.status}`;
  // Neither a fault of the server's nor a limit that passes.
  const isFinal = response.status < 500 && response.status !== 429;
  throw isFinal ? new SyncError('TOKEN_MISSING', said) : new Error(said);
}
