// One socket and those who talk on it: one participant, or several documents of one client. Reads each message once for all
// who receive the same, and hands it to whom it is about.

import type { Address, Conversation, Protocol, ServerMessage } from '../protocol/protocol.js';
import type { Endpoint } from '../targets/target.js';
import { isForAll, readContents, type Content, type Readers } from './content.js';
import { clientFrame, LoadClient } from './load-client.js';
import type { PayloadCursor, SharedPayloads } from './shared-payloads.js';

export interface LineContext {
  readonly endpoint: Endpoint;
  readonly protocol: Protocol;
}

/** Who talks on a line, about one document. */
export interface Listener {
  readonly conversation: Conversation;
  readonly readers: Readers;
  /** A message has come that begins with something for it. */
  came(payloadBytes: number): void;
  take(content: Content, nowMs: number): void;
  failed(why: string): void;
  closed(why: string): void;
}

const nobody: Readers = { ledger: undefined, awareness: undefined };

export class Line {
  readonly #context: LineContext;
  readonly #path: string;
  readonly #cursor: PayloadCursor<readonly Content[]>;
  readonly #listeners: Listener[] = [];
  readonly #byAddress = new Map<Address, Listener>();
  #client: LoadClient | undefined;
  #opening: Promise<unknown> | undefined;
  /** Its client may speak. */
  #isOpen = false;

  /** `document`: of the path, where the protocol has it there. `payloads`: what its participants receive alike. */
  constructor(context: LineContext, document: string, payloads: SharedPayloads<readonly Content[]>) {
    this.#context = context;
    this.#path = context.protocol.path(document);
    this.#cursor = payloads.cursor();
  }

  /** The number of the next conversation, to tell it apart from others on this line. */
  get nextRef(): number {
    return this.#listeners.length + 1;
  }

  get isClosed(): boolean {
    return this.#client?.closed ?? false;
  }

  /** To be called before anything comes for it. */
  add(listener: Listener): void {
    const { address } = listener.conversation;
    this.#listeners.push(listener);
    if (address !== undefined) this.#byAddress.set(address, listener);
    if (this.#isOpen) for (const frame of this.#greeting(listener)) this.send(frame);
  }

  /** Resolves when the connection is open and greetings are on their way. Opens it once. */
  async open(): Promise<void> {
    this.#opening ??= this.#connect();
    await this.#opening;
  }

  /** A message, framed. Nothing before it is open. */
  send(frame: Uint8Array): void {
    this.#client?.send(frame);
  }

  pause(): void {
    this.#client?.pause();
  }

  resume(): void {
    this.#client?.resume();
  }

  close(): void {
    this.#client?.close();
  }

  #connect(): Promise<LoadClient> {
    const { endpoint, protocol } = this.#context;
    return LoadClient.open({
      endpoint,
      path: this.#path,
      greeting: () => {
        this.#isOpen = true;
        const hello = protocol.hello(endpoint.token).map((message) => clientFrame(message));
        return hello.concat(this.#listeners.flatMap((listener) => this.#greeting(listener)));
      },
      opening: (client) => (this.#client = client),
      receive: (payload) => this.#receive(payload),
      expected: (length) => this.#cursor.expected(length),
      closed: (why) => {
        for (const listener of this.#listeners) listener.closed(why);
      },
    });
  }

  #greeting({ conversation }: Listener): Uint8Array[] {
    return conversation.greeting(this.#context.endpoint.token).map((message) => clientFrame(message));
  }

  #receive(payload: Uint8Array): void {
    const nowMs = performance.now();
    try {
      const contents = this.#cursor.read(
        payload,
        (copy) => readContents(this.#context.protocol, (one) => this.#for(one)?.readers ?? nobody, copy),
        isForAll,
      );
      const [first] = contents;
      if (first !== undefined) (this.#for(first) ?? this.#listeners[0])?.came(payload.length);
      for (const content of contents) this.#hear(content, nowMs);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Whom a message is for; undefined where it is for the whole line, or for nobody here. */
  #for({ about }: Pick<ServerMessage, 'about'>): Listener | undefined {
    if (about !== undefined) return this.#byAddress.get(about);
    return this.#listeners.length === 1 ? this.#listeners[0] : undefined;
  }

  #hear(content: Content, nowMs: number): void {
    const listener = this.#for(content);
    if (listener !== undefined) {
      if (content.kind === 'opened') this.#byAddress.set(content.document, listener);
      listener.take(content, nowMs);
    } else if (content.about !== undefined)
      this.#failed(`a message is about ${content.about}, which is not open here`);
    else if (content.kind === 'refused') this.#failed(`the server refused: ${content.reason}`);
  }

  #failed(why: string): void {
    for (const listener of this.#listeners) listener.failed(why);
  }
}
