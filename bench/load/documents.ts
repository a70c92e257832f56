// Documents out of updates, and whether two are the same.

import * as Y from 'yjs';
import { DeliveryError } from '../measurement.js';

/** One document with all of these updates, in whatever order they depend on each other. */
export function documentOf(updates: Iterable<Uint8Array>): Y.Doc {
  const doc = new Y.Doc();
  try {
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update);
    });
  } catch (error) {
    throw new DeliveryError(`Yjs cannot read what came: ${String(error)}`, { cause: error });
  }
  return doc;
}

/** Throws DeliveryError that begins with `who` and names what is missing or different. */
export function verifySame(who: string, actual: Y.Doc, expected: Y.Doc): void {
  const difference =
    pendingOf(actual) ??
    missingClocks(actual, expected) ??
    deletesOf(actual, expected) ??
    rootsOf(actual, expected);
  if (difference !== undefined) throw new DeliveryError(`${who} ${difference}`);
}

function pendingOf({ store }: Y.Doc): string | undefined {
  if (store.pendingStructs === null && store.pendingDs === null) return undefined;
  const [[client, clock] = []] = store.pendingStructs?.missing ?? [];
  return client === undefined
    ? 'has deletions of something that never came'
    : `has updates that wait for client ${client} clock ${clock}, which never came`;
}

function missingClocks(actual: Y.Doc, expected: Y.Doc): string | undefined {
  const had = Y.snapshot(actual).sv;
  const wanted = Y.snapshot(expected).sv;
  for (const [client, clock] of wanted) {
    const has = had.get(client) ?? 0;
    if (has < clock) return `misses client ${client} clocks ${has} to ${clock}`;
  }
  for (const [client, clock] of had) {
    const known = wanted.get(client) ?? 0;
    if (clock > known) return `has client ${client} clocks ${known} to ${clock}, which nobody sent`;
  }
  return undefined;
}

function deletesOf(actual: Y.Doc, expected: Y.Doc): string | undefined {
  return Y.equalSnapshots(Y.snapshot(actual), Y.snapshot(expected))
    ? undefined
    : 'has other deletions than were sent';
}

function rootsOf(actual: Y.Doc, expected: Y.Doc): string | undefined {
  for (const name of new Set([...actual.share.keys(), ...expected.share.keys()]))
    if (contentOf(actual, name) !== contentOf(expected, name)) return `has another content of '${name}'`;
  return undefined;
}

/** What is in a root type, whatever type its users take it for. Marks of formatting are left out: Yjs tidies them. */
function contentOf(doc: Y.Doc, name: string): string {
  const root = doc.share.get(name);
  if (root === undefined) return '';
  const parts: string[] = [];
  for (let item = root._start; item !== null; item = item.right) pushContent(parts, item);
  for (const key of [...root._map.keys()].sort()) {
    parts.push(`\n${key}: `);
    pushContent(parts, root._map.get(key)!);
  }
  return parts.join('');
}

function pushContent(parts: string[], { deleted, countable, content }: Y.Item): void {
  if (deleted || !countable) return;
  if (content instanceof Y.ContentString) parts.push(content.str);
  else for (const one of content.getContent()) parts.push(JSON.stringify(one));
}
