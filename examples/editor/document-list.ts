// The left column: documents the server has, and those this device has a copy of.

import { listDocuments, type ListedDocument } from './demo-api.js';
import { knownTitle } from './document-title.js';
import { locallyKnownDocuments } from './local-copies.js';
import { newElement } from './page-elements.js';
import { documentUrl } from './page-address.js';

const refreshMs = 5_000;

interface DocumentListOptions {
  readonly list: HTMLElement;
  readonly slot: number;
  readonly current: () => string;
  /** While cut, the server is not asked; the list keeps what it said last. */
  readonly isCut: () => boolean;
  readonly open: (documentName: string) => void;
}

/** The list, kept up to date for as long as the page lives. */
export interface DocumentList {
  /** Looks for other documents at once. */
  refresh(): void;
  /** Whether a document was there at the last look: on the server, or on this device. */
  has(documentName: string): boolean;
}

/** Draws the list, now and whenever it may be another one. */
export function keepDocumentList(options: DocumentListOptions): DocumentList {
  let fromServer: readonly ListedDocument[] = [];
  let local: readonly string[] = [];
  const refresh = async (): Promise<void> => {
    const isAsked = !options.isCut() && document.visibilityState === 'visible';
    const [here, answer] = await Promise.all([
      locallyKnownDocuments(options.slot),
      isAsked ? listDocuments().catch(() => fromServer) : fromServer,
    ]);
    local = here;
    fromServer = answer;
    draw(options, local, fromServer);
  };
  const refreshNow = (): void => void refresh();
  setInterval(refreshNow, refreshMs);
  document.addEventListener('visibilitychange', refreshNow);
  const has = (documentName: string): boolean =>
    local.includes(documentName) || fromServer.some(({ name }) => name === documentName);
  return { refresh: refreshNow, has };
}

function draw(
  options: DocumentListOptions,
  local: readonly string[],
  fromServer: readonly ListedDocument[],
): void {
  const listed = new Map(fromServer.map((document) => [document.name, document]));
  const onlyHere = local.concat(options.current()).filter((name) => !listed.has(name));
  const names = [...listed.keys(), ...new Set(onlyHere)].sort((a, b) => a.localeCompare(b));
  const rows = names.map((name) => ({
    name,
    title: knownTitle(name),
    note: noteFor(listed.get(name), local.includes(name)),
    isCurrent: name === options.current(),
  }));
  const drawn = JSON.stringify(rows);
  if (options.list.dataset.drawn === drawn) return;
  options.list.dataset.drawn = drawn;
  // The focus stays on the row it was on.
  const focused = (document.activeElement as HTMLElement | null)?.dataset.document;
  options.list.replaceChildren(...rows.map((row) => rowElement(row, options.open)));
  if (focused !== undefined) {
    options.list.querySelector<HTMLElement>(`[data-document="${CSS.escape(focused)}"]`)?.focus();
  }
}

function rowElement(
  row: { name: string; title: string; note: string; isCurrent: boolean },
  open: (name: string) => void,
): HTMLLIElement {
  const item = newElement('li');
  const link = newElement('a', 'document-link');
  link.href = documentUrl(row.name, 'write');
  link.dataset.document = row.name;
  if (row.isCurrent) link.setAttribute('aria-current', 'page');
  link.append(newElement('span', 'document-name', row.title), newElement('span', 'document-note', row.note));
  link.addEventListener('click', (event) => {
    // With a modifier the browser opens it elsewhere, as with any link.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open(row.name);
  });
  item.append(link);
  return item;
}

function noteFor(listed: ListedDocument | undefined, isLocal: boolean): string {
  if (listed === undefined) return isLocal ? 'on this device' : 'new';
  return `${ago(listed.changedAt)} · ${size(listed.bytes)}`;
}

function ago(time: number): string {
  const minutes = Math.floor((Date.now() - time) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return new Date(time).toLocaleDateString();
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
