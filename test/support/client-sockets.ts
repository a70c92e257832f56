// Sockets for the client over the transport in memory, and a switch for the network between them.

import type { ClientSocket, OpenSocket, SocketEvents } from '../../client/connection/socket.js';
import type { MemoryClient, MemoryTransport } from './memory-transport.js';

export class Network {
  /** 'up': as it should be. 'down': every socket ends, and none opens. 'silent': nothing passes, and nobody is told. */
  #state: 'up' | 'down' | 'silent' = 'up';
  readonly #transport: () => MemoryTransport;
  readonly #open = new Set<() => void>();
  /** Sockets that were asked for. */
  attempts = 0;
  /** Bytes that left, and that came. */
  sentBytes = 0;
  heardBytes = 0;

  constructor(transport: () => MemoryTransport) {
    this.#transport = transport;
  }

  set state(state: 'up' | 'down' | 'silent') {
    this.#state = state;
    if (state === 'down') for (const cut of this.#open) cut();
  }

  readonly openSocket: OpenSocket = (url, events) => {
    this.attempts++;
    if (this.#state === 'down') {
      queueMicrotask(() => events.closed(1006, ''));
      return { send() {}, bufferedBytes: 0, close() {} };
    }
    return this.#connect(new URL(url), events);
  };

  #connect({ pathname, search }: URL, events: SocketEvents): ClientSocket {
    const end: MemoryClient = this.#transport().connect(pathname, { query: search.slice(1) });
    let isOver = false;
    const finish = (code: number, reason: string): void => {
      if (isOver) return;
      isOver = true;
      this.#open.delete(cut);
      events.closed(code, reason);
    };
    const cut = (): void => {
      end.terminate();
      finish(1006, '');
    };
    this.#open.add(cut);
    void end.decided.then(() => {
      if (isOver) return;
      if (end.state === 'refused') finish(1006, '');
      else events.opened();
    });
    end.onMessage = (frame) => {
      if (isOver || this.#state === 'silent') return;
      this.heardBytes += frame.length;
      events.frame(frame.slice());
    };
    end.onClose = (code, reason) => {
      if (this.#state !== 'silent') finish(code, reason);
    };
    return {
      send: (frame) => {
        if (isOver || this.#state === 'silent') return;
        this.sentBytes += frame.length;
        end.send(frame);
      },
      bufferedBytes: 0,
      close: () => {
        isOver = true;
        this.#open.delete(cut);
        end.close(1000);
      },
    };
  }
}
