// A transport without a network. Nothing moves until it is flushed, a client can stop reading, and the room in the
// imagined kernel can be set, so that what happens under backpressure can be written down step by step.

import { tooMuchOfStranger } from '../../server/transport/addresses.js';
import { PolledTopics } from '../../server/transport/polled-topics.js';
import { SyncError } from '../../shared/errors.js';
import { defaultLimits } from '../../shared/limits.js';
import { ImaginedKernel } from './imagined-kernel.js';
import type {
  HttpReply,
  SendResult,
  Socket,
  SocketHandler,
  Transport,
  TransportHandler,
  TransportOptions,
  UpgradeDecision,
} from '../../server/transport/transport.js';

export interface ConnectOptions {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly remoteAddress?: string;
}

/** The client's end of a connection. */
export interface MemoryClient {
  readonly state: 'connecting' | 'open' | 'refused' | 'closed';
  /** Settles when the server has decided, whichever way. */
  readonly decided: Promise<void>;
  readonly subprotocol: string | undefined;
  readonly refusal: { readonly status: number; readonly body: string } | undefined;
  /** What has arrived. */
  readonly received: Uint8Array[];
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
  /** Bytes the imagined kernel takes before the server's own buffer begins to grow. */
  kernelBytes: number;
  /**
   * Bytes in the server's own buffer above which it refuses the next frame; undefined: `maxBufferedBytes` of the options.
   * May be set at any time, also in the middle of a message: -1 refuses the very next frame, sent or published.
   */
  maxBufferedBytes: number | undefined;
  /** While false nothing arrives. */
  isReading: boolean;
  /** Bytes the client will still read; each frame that arrives is taken off it. Below 1 nothing arrives. */
  readBudget: number;
  onMessage: ((frame: Uint8Array) => void) | undefined;
  onClose: ((code: number, reason: string) => void) | undefined;
  /** Text goes out as a text frame. */
  send(frame: Uint8Array | string): void;
  close(code?: number, reason?: string): void;
  /** Gone without a word. */
  terminate(): void;
}

export interface MemoryTransport extends Transport {
  /** Where sockets over HTTP hang, for tests that have some. */
  readonly polled: PolledTopics;
  /** What a server is given in place of a real transport. Fits `listenUws`. */
  listen(options: Partial<TransportOptions>, handler: TransportHandler): Promise<Transport>;
  connect(path: string, options?: ConnectOptions): MemoryClient;
  request(request: {
    readonly method?: string;
    readonly path: string;
    readonly query?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array | string;
    readonly remoteAddress?: string;
  }): Promise<HttpReply>;
  /** Moves everything that can move, until nothing does; says whether anything did. What takes a promise needs `settle`. */
  flush(): boolean;
  /** Flushes, and lets promises and immediates run, until nothing moves any more. */
  settle(): Promise<void>;
}

const encoder = new TextEncoder();
const KiB = 1024;

interface Limits {
  maxMessageBytes: number;
  maxBufferedBytes: number;
  maxBodyBytes: number;
  maxUnknownBytes: number;
}

/** A transport in memory. Give a handler here or to `listen`. */
export function createMemoryTransport(
  handler?: TransportHandler,
  options: Partial<TransportOptions> = {},
): MemoryTransport {
  return new InMemory(handler, options);
}

class InMemory implements MemoryTransport {
  readonly port = 1;
  readonly limits: Limits = {
    maxMessageBytes: 16 * KiB * KiB,
    maxBufferedBytes: 4 * KiB * KiB,
    maxBodyBytes: 16 * KiB * KiB,
    maxUnknownBytes: defaultLimits.maxUnknownBytes,
  };
  readonly topics = new Map<string, Set<MemorySocket>>();
  readonly polled = new PolledTopics();
  readonly connections = new Set<MemorySocket>();
  #handler: TransportHandler | undefined;
  #isListening = true;

  constructor(handler: TransportHandler | undefined, options: Partial<TransportOptions>) {
    this.#handler = handler;
    this.#take(options);
  }

  async listen(options: Partial<TransportOptions>, handler: TransportHandler): Promise<Transport> {
    this.#handler = handler;
    this.#take(options);
    return this;
  }

  connect(path: string, options: ConnectOptions = {}): MemoryClient {
    if (this.#handler === undefined || !this.#isListening) throw new Error('connection refused');
    const socket = new MemorySocket(this, options.remoteAddress ?? '127.0.0.1');
    this.connections.add(socket);
    const headers = lowerCased(options.headers);
    if (options.protocols !== undefined) headers.set('sec-websocket-protocol', options.protocols.join(', '));
    const { query = '' } = options;
    const request = {
      path,
      query,
      header: (name: string) => headers.get(name),
      remoteAddress: socket.remoteAddress,
    };
    try {
      socket.decide(this.#handler.upgrade(request));
    } catch {
      socket.decide(internalError);
    }
    return socket.client;
  }

  async request(request: Parameters<MemoryTransport['request']>[0]): Promise<HttpReply> {
    const { method = 'GET', path, query = '', remoteAddress = '127.0.0.1' } = request;
    const headers = lowerCased(request.headers);
    const body =
      typeof request.body === 'string' ? encoder.encode(request.body) : (request.body ?? new Uint8Array());
    try {
      if (this.#handler === undefined) throw new Error('nobody listens');
      return await this.#handler.request({
        method,
        path,
        query,
        remoteAddress,
        header: (name) => headers.get(name),
        body: async () => {
          if (body.length > this.limits.maxBodyBytes) throw new SyncError('FRAME_TOO_LARGE');
          return body.slice();
        },
      });
    } catch {
      return { status: 500, body: 'INTERNAL' };
    }
  }

  flush(): boolean {
    let hasMoved = false;
    for (let moved = true; moved;) {
      moved = false;
      for (const socket of this.connections) if (socket.move()) moved = true;
      hasMoved ||= moved;
    }
    return hasMoved;
  }

  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      for (const socket of this.connections) if (socket.move()) quiet = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    this.polled.publish(topic, frame, except);
    for (const socket of this.topics.get(topic) ?? []) if (socket !== except) socket.send(frame);
  }

  subscribers(topic: string): number {
    return (this.topics.get(topic)?.size ?? 0) + this.polled.count(topic);
  }

  stopListening(): void {
    this.#isListening = false;
  }

  close(): void {
    this.stopListening();
    for (const socket of this.connections) socket.terminate();
  }

  #take(options: Partial<TransportOptions>): void {
    for (const name of ['maxMessageBytes', 'maxBufferedBytes', 'maxBodyBytes'] as const) {
      this.limits[name] = options[name] ?? this.limits[name];
    }
    this.limits.maxUnknownBytes = options.limits?.maxUnknownBytes ?? this.limits.maxUnknownBytes;
  }
}

const internalError: UpgradeDecision = { accept: false, status: 500, body: 'INTERNAL' };

/** Something on its way to the server. */
type Upstream =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array; readonly isBinary: boolean }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** The server's end; the client's end is its `client`. */
class MemorySocket implements Socket {
  readonly remoteAddress: string;
  readonly client: ClientEnd;
  isTrusted = false;
  readonly #transport: InMemory;
  readonly #joined = new Set<string>();
  readonly #upstream: Upstream[] = [];
  readonly #downstream = new ImaginedKernel();
  #strangerBytes = 0;
  #farewell: { readonly code: number; readonly reason: string } | undefined;
  #handler: SocketHandler | undefined;
  #isOpen = false;
  #wasBuffered = false;

  constructor(transport: InMemory, remoteAddress: string) {
    this.#transport = transport;
    this.remoteAddress = remoteAddress;
    this.client = new ClientEnd((item) => this.#upstream.push(item), this.#downstream);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get bufferedBytes(): number {
    return this.#downstream.bufferedBytes;
  }

  send(frame: Uint8Array): SendResult {
    if (!this.#isOpen) return 'dropped';
    if (this.bufferedBytes > (this.client.maxBufferedBytes ?? this.#transport.limits.maxBufferedBytes)) {
      this.#later((handler) => handler.dropped());
      this.terminate();
      return 'dropped';
    }
    this.#downstream.send(frame.slice());
    if (this.bufferedBytes === 0) return 'sent';
    this.#wasBuffered = true;
    return 'buffered';
  }

  cork(run: () => void): void {
    run();
  }

  subscribe(topic: string): void {
    if (!this.#isOpen) return;
    this.#joined.add(topic);
    const members = this.#transport.topics.get(topic) ?? new Set();
    this.#transport.topics.set(topic, members.add(this));
  }

  unsubscribe(topic: string): void {
    this.#joined.delete(topic);
    const members = this.#transport.topics.get(topic);
    if (members?.delete(this) === true && members.size === 0) this.#transport.topics.delete(topic);
  }

  trust(): void {
    this.isTrusted = true;
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    const bytes = new Uint8Array(123);
    const { written } = encoder.encodeInto(reason, bytes);
    this.#end(code, { code, reason: new TextDecoder().decode(bytes.subarray(0, written)) });
  }

  terminate(): void {
    if (!this.#isOpen) return;
    // What the kernel has still arrives; what waited in the buffer is gone.
    this.#downstream.dropBuffered();
    this.#end(1006, { code: 1006, reason: '' });
  }

  /** What the server decided about the upgrade. */
  decide(decision: UpgradeDecision): void {
    if (this.client.state === 'closed') {
      this.#transport.connections.delete(this);
      this.client.settleDecision();
      return;
    }
    if (!decision.accept) {
      this.#transport.connections.delete(this);
      this.client.refuse(decision.status, decision.body);
      return;
    }
    this.#isOpen = true;
    this.isTrusted = decision.isTrusted === true;
    this.client.open(decision.subprotocol);
    try {
      this.#handler = decision.open(this);
    } catch {
      this.close(1011, 'INTERNAL');
    }
  }

  /** Moves one thing in each direction; whether anything moved. */
  move(): boolean {
    if (this.client.state === 'connecting') return false;
    const movedUp = this.#moveUp();
    return this.#moveDown() || movedUp;
  }

  #moveUp(): boolean {
    const item = this.#upstream.shift();
    if (item === undefined) return false;
    if (!this.#isOpen) return true;
    if (item.kind === 'close') this.#end(item.code, item);
    else if (item.bytes.length > this.#transport.limits.maxMessageBytes) this.terminate();
    else if (this.#isTooMuch(item.bytes.length)) {
      const { closeCode, reason } = tooMuchOfStranger();
      this.close(closeCode, reason);
    } else {
      // As in life: a copy whose memory is taken back when the call returns.
      const lent = item.bytes.slice();
      this.#tell((handler) => handler.message(lent, item.isBinary));
      structuredClone(lent.buffer, { transfer: [lent.buffer] });
    }
    return true;
  }

  /** A stranger says no more than so much in all (T15). */
  #isTooMuch(bytes: number): boolean {
    if (!this.isTrusted) this.#strangerBytes += bytes;
    return !this.isTrusted && this.#strangerBytes > this.#transport.limits.maxUnknownBytes;
  }

  #moveDown(): boolean {
    const isReading = this.client.isReading && this.client.readBudget > 0;
    if (!isReading && this.client.state === 'open') return false;
    const frame = this.#downstream.read();
    if (frame !== undefined) {
      this.client.readBudget -= frame.length;
      this.client.receive(frame);
      if (this.#wasBuffered && this.#isOpen) {
        this.#wasBuffered = this.bufferedBytes > 0;
        this.#tell((handler) => handler.drained());
      }
      return true;
    }
    if (this.#farewell === undefined) return false;
    this.client.finish(this.#farewell.code, this.#farewell.reason);
    this.#farewell = undefined;
    this.#transport.connections.delete(this);
    return true;
  }

  #end(code: number, farewell: { readonly code: number; readonly reason: string }): void {
    this.#isOpen = false;
    this.#farewell = farewell;
    for (const topic of this.#joined) this.unsubscribe(topic);
    this.#later((handler) => handler.closed(code));
  }

  #later(call: (handler: SocketHandler) => void): void {
    queueMicrotask(() => this.#tell(call));
  }

  #tell(call: (handler: SocketHandler) => void): void {
    if (this.#handler === undefined) return;
    try {
      call(this.#handler);
    } catch {
      this.close(1011, 'INTERNAL');
    }
  }
}

class ClientEnd implements MemoryClient {
  readonly received: Uint8Array[] = [];
  readonly decided: Promise<void>;
  state: MemoryClient['state'] = 'connecting';
  subprotocol: string | undefined;
  refusal: MemoryClient['refusal'];
  closed: MemoryClient['closed'];
  maxBufferedBytes: number | undefined;
  isReading = true;
  readBudget = Infinity;
  onMessage: MemoryClient['onMessage'];
  onClose: MemoryClient['onClose'];
  settleDecision: () => void = () => {};
  readonly #put: (item: Upstream) => void;
  readonly #downstream: ImaginedKernel;

  constructor(put: (item: Upstream) => void, downstream: ImaginedKernel) {
    this.#put = put;
    this.#downstream = downstream;
    this.decided = new Promise((resolve) => {
      this.settleDecision = resolve;
    });
  }

  get kernelBytes(): number {
    return this.#downstream.roomBytes;
  }

  set kernelBytes(bytes: number) {
    this.#downstream.roomBytes = bytes;
  }

  send(frame: Uint8Array | string): void {
    if (this.state !== 'open' && this.state !== 'connecting') throw new Error('the connection is closed');
    const bytes = typeof frame === 'string' ? encoder.encode(frame) : frame.slice();
    this.#put({ kind: 'frame', bytes, isBinary: typeof frame !== 'string' });
  }

  close(code = 1005, reason = ''): void {
    if (this.state === 'open') this.#put({ kind: 'close', code, reason });
  }

  terminate(): void {
    this.#put({ kind: 'close', code: 1006, reason: '' });
    this.finish(1006, '');
  }

  open(subprotocol: string | undefined): void {
    this.state = 'open';
    this.subprotocol = subprotocol;
    this.settleDecision();
  }

  refuse(status: number, body: string): void {
    this.state = 'refused';
    this.refusal = { status, body };
    this.settleDecision();
  }

  receive(frame: Uint8Array): void {
    if (this.state !== 'open') return;
    this.received.push(frame);
    this.onMessage?.(frame);
  }

  finish(code: number, reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.closed = { code, reason };
    this.onClose?.(code, reason);
  }
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
