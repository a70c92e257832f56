// Clients of our own that come back to a loaded document where they stood, on connections that are open: the sessions and
// rooms are the real ones, and so is the check of the token; the sockets take everything and do nothing.

import * as Y from 'yjs';
import { textName } from '../../../bench/input/text-name.js';
import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import { createSeveralAuthenticator } from '../../../server/auth/several.js';
import { serverWriter } from '../../../server/room/writer.js';
import type { Socket, SocketHandler } from '../../../server/transport/transport.js';
import { decodeServerFrame, encodeClientFrame } from '../../../shared/native/frame.js';
import { parseDocumentName } from '../../../shared/document-name.js';
import { createFakeClock } from '../../support/fake-clock.js';
import { hello } from '../../support/hello.js';
import { createSessionServer } from '../../support/session-server.js';
import { settled } from '../../support/turns.js';
import { forge, goodClaims, hs256, secret, startMs } from '../../server/auth/support.js';

const name = 'notes/returns';

function missed(): Uint8Array {
  const doc = new Y.Doc();
  doc.getText(textName).insert(0, 'What somebody wrote meanwhile.');
  return Y.encodeStateAsUpdate(doc);
}

/** What a client was sent, and how often its topics changed. */
class SilentSocket implements Socket {
  readonly remoteAddress = '127.0.0.1';
  readonly isOpen = true;
  readonly bufferedBytes = 0;
  frames: Uint8Array[] = [];
  topicChanges = 0;

  send(frame: Uint8Array): 'sent' {
    this.frames.push(frame);
    return 'sent';
  }

  cork(run: () => void): void {
    run();
  }

  subscribe(): void {
    this.topicChanges++;
  }

  unsubscribe(): void {
    this.topicChanges++;
  }

  trust(): void {}
  close(): void {}
  terminate(): void {}
}

interface Client {
  readonly socket: SilentSocket;
  readonly handler: SocketHandler;
}

/** So many clients with a connection each, greeted, of a document with a sentence that they have missed. */
export class ReturningClients {
  readonly #clients: readonly Client[];
  readonly #open: Uint8Array;
  readonly #end: () => Promise<void>;

  static async connect(count: number): Promise<ReturningClients> {
    const clock = createFakeClock(startMs);
    const authenticator = createSeveralAuthenticator([await createJwtAuthenticator({ secret }, { clock })]);
    const server = createSessionServer({ clock, gateway: { authenticator } });
    const room = await server.registry.open(parseDocumentName(name));
    const host = serverWriter();
    room.join(host);
    await room.accept(missed(), host, true);
    await server.run(100);
    const token = forge({ alg: 'HS256' }, goodClaims, hs256(secret));
    const clients = Array.from({ length: count }, (): Client => {
      const decision = server.gateway.upgrade({
        path: '/',
        query: '',
        header: () => undefined,
        remoteAddress: '127.0.0.1',
      });
      if (!decision.accept) throw new Error(decision.body);
      const socket = new SilentSocket();
      const handler = decision.open(socket);
      handler.message(encodeClientFrame(hello({ token })), true);
      return { socket, handler };
    });
    // Each is welcomed: the first check of the token's signature takes a thread.
    while (clients.some(({ socket }) => socket.frames.length === 0)) await settled();
    const known = { kind: 'offset', epoch: room.epoch, offset: 0 } as const;
    const end = async (): Promise<void> => {
      for (const { handler } of clients) handler.closed(1000);
      room.leave(host);
      await server.close();
    };
    return new ReturningClients(clients, encodeClientFrame({ type: 'open', ref: 1, name, known }), end);
  }

  private constructor(clients: readonly Client[], open: Uint8Array, end: () => Promise<void>) {
    this.#clients = clients;
    this.#open = open;
    this.#end = end;
  }

  /** All open the document. */
  async open(): Promise<void> {
    for (const { socket } of this.#clients) {
      socket.frames = [];
      socket.topicChanges = 0;
    }
    for (const { handler } of this.#clients) handler.message(this.#open, true);
    await settled();
  }

  /** All close it again. Throws when one of them was not in sync. */
  close(): void {
    for (const { socket, handler } of this.#clients) {
      const messages = socket.frames.flatMap((frame) => decodeServerFrame(frame));
      const opened = messages.find((message) => message.type === 'opened');
      if (opened === undefined || messages.at(-1)?.type !== 'synced')
        throw new Error(`a client that came back was sent ${messages.map(({ type }) => type).join(', ')}`);
      handler.message(encodeClientFrame({ type: 'close', document: opened.document }), true);
    }
  }

  /** Of one client, since the last opening. */
  counted(): { frames: number; topicChanges: number } {
    const { frames, topicChanges } = this.#clients[0]!.socket;
    return { frames: frames.length, topicChanges };
  }

  end(): Promise<void> {
    return this.#end();
  }
}
