// A tiny server of the native protocol for the load clients: keeps updates in memory, and is wrong in one way of choice.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import * as Y from 'yjs';
import type { ParticipantContext } from '../../../bench/load/participant.js';
import { protocols } from '../../../bench/protocol/all.js';
import { decodeClientFrame, encodeServerFrame } from '../../../shared/native/frame.js';
import {
  nativeVersion,
  type NativeClientMessage,
  type NativeServerMessage,
} from '../../../shared/native/messages.js';

/**
 * `none`: nothing is wrong. `joins`: every ten updates of a document leave in one frame, which acknowledges them to all of
 * their writers. `forgets`: cannot resume anywhere. `loses`: acknowledges the fifth update, and sends it to nobody.
 * `overstates`: acknowledges one more than was sent. `strays`: sends updates to everybody, whatever they have open.
 * `lacks`: claims to lack something that the fifth update depends on.
 */
export type NativeFault = 'none' | 'joins' | 'forgets' | 'loses' | 'overstates' | 'strays' | 'lacks';

const joinedAtOnce = 10;
const faultyOne = 5;
const epoch = 'the only one';

type Message<Type extends NativeClientMessage['type']> = Extract<NativeClientMessage, { type: Type }>;

interface Stored {
  readonly update: Uint8Array;
  readonly writer: number;
  readonly seq: number;
}

class Document {
  readonly number: number;
  readonly log: Stored[] = [];
  /** Writers, by who has it open. */
  readonly open = new Map<WebSocket, number>();
  joined = 0;

  constructor(number: number) {
    this.number = number;
  }
}

export class NativeServer {
  readonly context: ParticipantContext;
  readonly #server: WebSocketServer;
  readonly #fault: NativeFault;
  readonly #documents = new Map<string, Document>();
  #lastWriter = 0;

  private constructor(server: WebSocketServer, fault: NativeFault) {
    this.#server = server;
    this.#fault = fault;
    const { port } = server.address() as AddressInfo;
    this.context = {
      endpoint: { url: `ws://127.0.0.1:${port}`, protocol: 'native' },
      protocol: protocols.native,
    };
    server.on('connection', (socket) => {
      socket.on('message', (frame: Buffer) => {
        for (const message of decodeClientFrame(frame)) this.#handle(socket, message);
      });
      socket.on('close', () => {
        for (const { open } of this.#documents.values()) open.delete(socket);
      });
    });
  }

  static async start(fault: NativeFault): Promise<NativeServer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new NativeServer(server, fault);
  }

  /** Sockets that are connected. */
  get socketCount(): number {
    return this.#server.clients.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(socket: WebSocket, message: NativeClientMessage): void {
    switch (message.type) {
      case 'hello':
        return say(socket, {
          type: 'welcome',
          version: nativeVersion,
          serverTime: 1,
          expiresAt: 0,
          maxSilenceMs: 40_000,
          server: 'server',
          run: 'run',
          user: '',
          limits: {},
        });
      case 'open':
        return this.#open(socket, message);
      case 'request':
        return this.#answer(socket, this.#find(message.document), message.stateVector);
      case 'update':
        return this.#take(socket, this.#find(message.document), message);
      default:
        throw new Error(`a load client has nothing to say with ${message.type} here`);
    }
  }

  #open(socket: WebSocket, { ref, name, known }: Message<'open'>): void {
    const document = this.#documents.get(name) ?? new Document(this.#documents.size + 1);
    this.#documents.set(name, document);
    const writer = ++this.#lastWriter;
    document.open.set(socket, writer);
    const isContentNext = known.kind !== 'offset' || this.#fault !== 'forgets';
    say(socket, {
      type: 'opened',
      ref,
      document: document.number,
      writer,
      access: 'write',
      epoch,
      isContentNext,
      stateVector: Uint8Array.of(0),
    });
    if (known.kind === 'offset' && isContentNext) this.#resume(socket, document, known.offset);
    else if (isContentNext) this.#answer(socket, document, Uint8Array.of(0));
  }

  #resume(socket: WebSocket, { number: document, log }: Document, offset: number): void {
    for (const { update } of log.slice(offset))
      say(socket, { type: 'update', document, cursor: 0, acks: [], update });
    say(socket, { type: 'synced', document, cursor: log.length });
  }

  #answer(socket: WebSocket, { number: document, log }: Document, stateVector: Uint8Array): void {
    const all = Y.mergeUpdates([Uint8Array.of(0, 0), ...log.map((one) => one.update)]);
    const update = Y.diffUpdate(all, stateVector);
    say(socket, { type: 'update', document, cursor: 0, acks: [], update });
    say(socket, { type: 'synced', document, cursor: log.length });
  }

  #take(socket: WebSocket, document: Document, { seq, update }: Message<'update'>): void {
    const { log, open, number } = document;
    log.push({ update: update.slice(), writer: open.get(socket)!, seq });
    if (this.#fault === 'joins') return this.#join(document);
    const isFaulty = log.length === faultyOne;
    if (this.#fault === 'lacks' && isFaulty)
      return say(socket, { type: 'wanted', document: number, stateVector: Uint8Array.of(0) });
    const everybody = this.#fault === 'strays' ? this.#server.clients : open.keys();
    if (this.#fault !== 'loses' || !isFaulty)
      for (const other of everybody)
        if (other !== socket)
          say(other, { type: 'update', document: number, cursor: log.length, acks: [], update });
    const acknowledged = seq + (this.#fault === 'overstates' ? 1 : 0);
    say(socket, { type: 'ack', document: number, cursor: log.length, seq: acknowledged });
  }

  #join(document: Document): void {
    const { log, open, number } = document;
    if (log.length - document.joined < joinedAtOnce) return;
    const fresh = log.slice(document.joined);
    document.joined = log.length;
    const acks = [...new Map(fresh.map(({ writer, seq }) => [writer, seq]))];
    const update = Y.mergeUpdates(fresh.map((one) => one.update));
    for (const socket of open.keys())
      say(socket, {
        type: 'update',
        document: number,
        cursor: log.length,
        acks: acks.map(([writer, seq]) => ({ writer, seq })),
        update,
      });
  }

  #find(number: number): Document {
    return [...this.#documents.values()].find((one) => one.number === number)!;
  }
}

function say(socket: WebSocket, message: NativeServerMessage): void {
  socket.send(encodeServerFrame(message));
}
