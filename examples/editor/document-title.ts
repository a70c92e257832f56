// What a document is called. Its name on the server never changes, so that links to it stay good: a title of its own stands in
// the document. The list knows the titles of documents that were opened on this device.

import type * as Y from 'yjs';
import { deviceStorage } from './safe-storage.js';

const key = 'heddle-demo.titles';
const mostChars = 64;

/** The title of a document that is open; its name where it has none. */
export function titleOf(doc: Y.Doc, documentName: string): string {
  const title: unknown = doc.getMap('about').get('title');
  return typeof title === 'string' && title !== '' ? title.slice(0, mostChars) : documentName;
}

/** Gives a document another title, for everybody; '' takes it away. */
export function setTitle(doc: Y.Doc, title: string): void {
  doc.getMap('about').set('title', title.trim().slice(0, mostChars));
}

/** The title that a document had when it was last open on this device; its name where that is not known. */
export function knownTitle(documentName: string): string {
  return knownTitles()[documentName] ?? documentName;
}

/** Remembers the title of a document for the list. */
export function rememberTitle(documentName: string, title: string): void {
  if (knownTitle(documentName) === title) return;
  deviceStorage.set(key, JSON.stringify({ ...knownTitles(), [documentName]: title }));
}

/** The document is gone: so is its title. */
export function forgetTitle(documentName: string): void {
  const { [documentName]: _title, ...others } = knownTitles();
  deviceStorage.set(key, JSON.stringify(others));
}

function knownTitles(): Readonly<Record<string, string>> {
  try {
    return JSON.parse(deviceStorage.get(key) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}
