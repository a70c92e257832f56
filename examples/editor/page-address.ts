// What the page's URL says: `/?doc=<name>&access=read&force=1`.

/** What a window was asked to show. */
export interface PageAddress {
  readonly documentName: string;
  readonly access: 'read' | 'write';
  /** Lets a read-only window type, so that the server's refusal can be seen. */
  readonly isForced: boolean;
}

/** What is shown where no document is named. */
export const defaultDocument = 'welcome';

/** Reads an address from the query of a URL; what it does not say has a default. */
export function parsePageAddress(query: string): PageAddress {
  const params = new URLSearchParams(query);
  const name = params.get('doc')?.trim();
  return {
    documentName: name === undefined || name === '' ? defaultDocument : name,
    access: params.get('access') === 'read' ? 'read' : 'write',
    isForced: params.get('force') === '1',
  };
}

/** The URL of a document on this server. */
export function documentUrl(documentName: string, access: 'read' | 'write'): string {
  const url = new URL(window.location.pathname, window.location.origin);
  url.searchParams.set('doc', documentName);
  if (access === 'read') url.searchParams.set('access', 'read');
  return url.href;
}

/** A name that is easy to read in a URL: 'Notes of May!' becomes 'notes-of-may'. Empty if nothing is left. */
export function nameFromTitle(title: string): string {
  return title
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}
