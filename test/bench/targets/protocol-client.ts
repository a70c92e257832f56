// A small client that speaks a bench protocol to a real server: a Y.Doc kept in sync, acknowledgements counted.

import { once } from 'node:events';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { protocols } from '../../../bench/protocol/all.js';
import type { ServerMessage } from '../../../bench/protocol/protocol.js';
import type { Endpoint } from '../../../bench/targets/target.js';

export interface ProtocolClient {
  readonly ydoc: Y.Doc;
  /** Sync requests that have been answered. */
  readonly syncReplies: number;
  /** Own updates that came back, or that messages say were taken. */
  readonly acknowledged: number;
  /** How many of those a server owes that acknowledges. */
  readonly owed: number;
  /** Puts the text into the root type `text`. */
  type(text: string): void;
  text(): string;
  close(): void;
}

/** Connects to a document and asks for what the server has. */
export async function connectProtocol(endpoint: Endpoint, document: string): Promise<ProtocolClient> {
  const protocol = protocols[endpoint.protocol];
  const conversation = protocol.converse(document, 1);
  const { token } = endpoint;
  const subprotocols = token !== undefined && endpoint.protocol === 'y-websocket' ? ['heddle', token] : [];
  const socket = new WebSocket(endpoint.url + protocol.path(document), subprotocols);
  const ydoc = new Y.Doc();
  const own = new Set<string>();
  const counts = { syncReplies: 0, acknowledged: 0, owed: 0 };

  const take = (message: ServerMessage): void => {
    if (message.kind === 'sync-request') {
      if (protocol.acknowledgedBy === 'message') counts.owed++;
      socket.send(conversation.syncReply(Y.encodeStateAsUpdate(ydoc, message.stateVector)));
    } else {
      const { reply, durable, fault } = conversation.hear(message) ?? {};
      if (fault !== undefined) throw new Error(fault);
      if (reply !== undefined) socket.send(reply);
      if (durable !== undefined) counts.acknowledged = durable;
    }
    if (message.kind === 'sync-reply' || message.kind === 'synced') counts.syncReplies++;
    if (message.kind === 'acknowledgement' && message.isTaken) counts.acknowledged++;
    if (message.kind === 'update' && protocol.acknowledgedBy === 'echo' && own.has(hex(message.update)))
      counts.acknowledged++;
    if (message.kind === 'update' || message.kind === 'sync-reply')
      Y.applyUpdate(ydoc, message.update, 'server');
  };
  socket.on('message', (data: Buffer) => protocol.read(data).forEach(take));
  ydoc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin === 'server') return;
    own.add(hex(update));
    counts.owed++;
    socket.send(conversation.update(update));
  });
  await once(socket, 'open');
  for (const message of [...protocol.hello(token), ...conversation.greeting(token)]) socket.send(message);
  socket.send(conversation.syncRequest({ stateVector: Y.encodeStateVector(ydoc) }));
  return {
    ydoc,
    get syncReplies() {
      return counts.syncReplies;
    },
    get acknowledged() {
      return counts.acknowledged;
    },
    get owed() {
      return counts.owed;
    },
    type: (text) => ydoc.getText('text').insert(0, text),
    text: () => ydoc.getText('text').toString(),
    close: () => socket.terminate(),
  };
}

/** The same, when the server has just been started: resolves when it listens. */
export async function connectEventually(endpoint: Endpoint, document: string): Promise<ProtocolClient> {
  for (let tries = 0; ; tries++) {
    try {
      return await connectProtocol(endpoint, document);
    } catch (error) {
      if (tries === 400) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
