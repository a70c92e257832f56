// The two requests of demo mode: a token, and the list of documents. A server of your own gives out tokens its own way.

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

/** The server answered, and the answer was no. */
export class RequestRefused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail === '' ? `the server answered ${status}` : detail);
    this.name = 'RequestRefused';
    this.status = status;
  }

  /** Asking again would not help: neither a fault of the server's nor a limit that passes. */
  get isFinal(): boolean {
    return this.status < 500 && this.status !== 429;
  }
}

/** Asks for a token for the demo's documents. Throws RequestRefused, or TypeError when the server is out of reach. */
export async function requestToken(
  who: { name: string; user: string; access: 'read' | 'write' },
  signal: AbortSignal,
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
  const response = await fetch(new URL('demo/documents', document.baseURI), { cache: 'no-store' });
  return ((await readJson(response)) as { documents: ListedDocument[] }).documents;
}

async function readJson(response: Response): Promise<unknown> {
  if (!response.ok) throw new RequestRefused(response.status, (await response.text()).slice(0, 200));
  return response.json();
}
