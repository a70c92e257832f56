// Makes the changes that clients have asked the server for, in a Y.Doc of the document.

import * as Y from 'yjs';
import { withTime, type Operation, type OperationPath, type OperationValue } from '../../shared/operation.js';
import type { OperateRequest } from '../room/document-worker.js';
import { mergeAccepted } from '../crdt/merge-updates.js';
import { buildDocument } from './build-document.js';

/** For each batch what it changes, as an update of its own after those before it; undefined where it changes nothing. */
export function operate({ updates, gc, batches, now }: OperateRequest): (Uint8Array | undefined)[] {
  const doc = buildDocument([mergeAccepted(updates)], gc);
  try {
    return batches.map(({ operations, clientId }) => {
      let change: Uint8Array | undefined;
      const listen = (update: Uint8Array): void => void (change = update);
      doc.clientID = clientId;
      doc.on('update', listen);
      doc.transact(() => {
        for (const operation of operations) make(doc, operation, now);
      });
      doc.off('update', listen);
      return change;
    });
  } finally {
    doc.destroy();
  }
}

function make(doc: Y.Doc, operation: Operation, now: number): void {
  if (operation.do === 'update') {
    const map = containerAt(doc, operation.path, 'string', true);
    for (const [key, value] of Object.entries(operation.values)) put(map, key, withTime(value, now));
    return;
  }
  const { path } = operation;
  const last = path.at(-1);
  if (last === undefined) return;
  const container = containerAt(doc, path.slice(0, -1), typeof last, operation.do === 'set');
  if (operation.do === 'set') put(container, last, withTime(operation.value, now));
  else take(container, last);
}

/** A root type in the document may have come without its class: what it holds under keys and in order is there all the same. */
type Container = Y.AbstractType<unknown>;

/** What is at the path, to be used by keys of this type. Undefined where that is no shared type, or is missing. */
function containerAt(
  doc: Y.Doc,
  path: OperationPath,
  keyType: string,
  isMade: boolean,
): Container | undefined {
  const [root, ...keys] = path;
  if (typeof root !== 'string') return undefined;
  let at: Container | undefined = rootOf(doc, root, typeof (keys[0] ?? (keyType === 'number' ? 0 : '')));
  for (const [index, key] of keys.entries()) {
    const next = valueAt(at, key);
    if (next instanceof Y.AbstractType) at = next as Container;
    else if (next !== undefined || !isMade || typeof key === 'number') return undefined;
    else {
      const isMap = typeof (keys[index + 1] ?? (keyType === 'number' ? 0 : '')) === 'string';
      if (!isMap || !(at instanceof Y.Map)) return undefined;
      at = at.set(key, new Y.Map()) as unknown as Container;
    }
  }
  return at;
}

/** Undefined where the document has a root type of this name that is used in another way, as far as one can tell. */
function rootOf(doc: Y.Doc, name: string, keyType: string): Container | undefined {
  const known = doc.share.get(name) as Container | undefined;
  if (known instanceof Y.Map || known instanceof Y.Array) return known as unknown as Container;
  // A text or a list keeps nothing under keys, and a map nothing in order.
  if (keyType === 'string' && (known?._start ?? null) !== null) return undefined;
  if (keyType === 'number' && known !== undefined && !isList(known)) return undefined;
  return (keyType === 'number' ? doc.getArray(name) : doc.getMap(name)) as unknown as Container;
}

/** What the type holds in order may be in an array: no text, nothing of XML, nothing under keys. */
function isList({ _map, _start }: Container): boolean {
  for (let item = _start; item !== null; item = item.right) {
    const { content } = item;
    const isText = [Y.ContentString, Y.ContentFormat, Y.ContentEmbed].some((kind) => content instanceof kind);
    if (isText || (content instanceof Y.ContentType && isOfXml(content.type))) return false;
  }
  return _map.size === 0;
}

function isOfXml(type: unknown): boolean {
  return [Y.XmlElement, Y.XmlText, Y.XmlHook].some((kind) => type instanceof kind);
}

function valueAt(at: Container | undefined, key: string | number): unknown {
  if (at instanceof Y.Map) return typeof key === 'string' ? at.get(key) : undefined;
  if (at instanceof Y.Array) return typeof key === 'number' ? at.get(key) : undefined;
  return undefined;
}

function put(at: Container | undefined, key: string | number, value: OperationValue): void {
  if (at instanceof Y.Map && typeof key === 'string') at.set(key, value);
  if (!(at instanceof Y.Array) || typeof key !== 'number' || key > at.length) return;
  if (key < at.length) at.delete(key);
  at.insert(key, [value]);
}

function take(at: Container | undefined, key: string | number): void {
  if (at instanceof Y.Map && typeof key === 'string' && at.has(key)) at.delete(key);
  if (at instanceof Y.Array && typeof key === 'number' && key < at.length) at.delete(key);
}
