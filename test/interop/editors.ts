// One way to edit for the clients of both Yjs generations, so that a test can put any of them beside any other.

import * as Y14 from '@y/y';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider as Provider4 } from 'y-websocket-4';
import * as Y from 'yjs';
import { nativeClient } from './native-client.js';
import { stockProvider, stockVersions } from './stock-providers.js';

/** Edits a text and a map of one document. */
export interface Editor {
  readonly doc: { clientID: number };
  isSynced(): boolean;
  /** Something in the document waits for what is not there. */
  isPending(): boolean;
  content(): { readonly text: string; readonly map: Record<string, unknown> };
  insert(at: number, content: string): void;
  remove(at: number, length: number): void;
  set(key: string, value: unknown): void;
  connect(): void;
  disconnect(): void;
}

export interface EditorOptions {
  /** Its Yjs client id, where it is not left to Yjs. */
  readonly clientId?: number;
}

/** A Yjs 14 client, with its document and how often its connection has been closed. */
export interface YoungEditor extends Editor {
  readonly doc: Y14.Doc;
  closings(): number;
}

/** Each opens a document of a server, `ws://host:port`, and is destroyed when the running test ends. */
export const editors = {
  'Yjs 14, y-websocket 4': youngEditor,
  'Yjs 13, y-websocket 3.1': stockEditor,
  'Yjs 13, native': ownEditor,
} as const;

export type EditorKind = keyof typeof editors;

function youngEditor(url: string, name: string, { clientId }: EditorOptions = {}): YoungEditor {
  const doc = new Y14.Doc();
  if (clientId !== undefined) doc.clientID = clientId;
  const provider = new Provider4(url, name, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  onTestFinished(() => provider.destroy());
  let closings = 0;
  provider.on('connection-close', () => closings++);
  const [text, map] = [doc.get('text'), doc.get('map')];
  return {
    doc,
    closings: () => closings,
    isSynced: () => provider.synced,
    isPending: () => doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
    content: () => ({ text: text.toString(), map: map.getAttrs() }),
    insert: (at, content) => text.insert(at, content),
    remove: (at, length) => text.delete(at, length),
    set: (key, value) => void map.setAttr(key, value),
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
  };
}

function stockEditor(url: string, name: string, { clientId }: EditorOptions = {}): Editor {
  const doc = new Y.Doc();
  if (clientId !== undefined) doc.clientID = clientId;
  const provider = stockProvider(stockVersions.at(-1)!, url, name, { doc });
  return {
    ...oldDocument(doc),
    isSynced: () => provider.synced,
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
  };
}

function ownEditor(url: string, name: string, { clientId }: EditorOptions = {}): Editor {
  const { doc, connection, sync } = nativeClient(`${url}/`, name);
  if (clientId !== undefined) doc.clientID = clientId;
  return {
    ...oldDocument(doc),
    isSynced: () => sync.phase === 'synced' && sync.unsynced === 0,
    connect: () => connection.connect(),
    disconnect: () => connection.disconnect(),
  };
}

function oldDocument(doc: Y.Doc): Omit<Editor, 'isSynced' | 'connect' | 'disconnect'> {
  const [text, map] = [doc.getText('text'), doc.getMap('map')];
  return {
    doc,
    isPending: () => doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
    content: () => ({ text: text.toString(), map: map.toJSON() }),
    insert: (at, content) => text.insert(at, content),
    remove: (at, length) => text.delete(at, length),
    set: (key, value) => void map.set(key, value),
  };
}
