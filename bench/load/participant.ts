// One client in one room: speaks the target's protocol, verifies what it receives against the ledger.

import * as Y from 'yjs';
import { emptyUpdate } from '../../server/crdt/state-vector.js';
import type { PreparedUpdate } from '../input/script.js';
import { DeliveryError } from '../measurement.js';
import type { Protocol } from '../protocol/protocol.js';
import type { Endpoint } from '../targets/target.js';
import { Arrivals } from './arrivals.js';
import type { AwarenessLedger, StateArrivals } from './awareness-ledger.js';
import { isForAll, readContents, type Content } from './content.js';
import { documentOf } from './documents.js';
import type { Ledger } from './ledger.js';
import { MissingError } from './missing-error.js';
import { clientFrame, LoadClient } from './load-client.js';
import { SharedPayloads, type PayloadCursor } from './shared-payloads.js';

const maxSyncMs = 60_000;
const emptyStateVector = Uint8Array.of(0);

export interface ParticipantContext {
  readonly endpoint: Endpoint;
  readonly protocol: Protocol;
}

export interface ParticipantOptions {
  readonly ledger?: Ledger;
  /** Keeps what it receives, and its deliveries' times count. */
  readonly isSampled?: boolean;
  /** Whose updates it types. */
  readonly clientId?: number;
  /** What it has from elsewhere: sampled, a document begins with it. */
  readonly has?: Uint8Array;
  /** What states are sent in the room, where that is checked. */
  readonly awareness?: AwarenessLedger;
  /** Without a ledger: what the room's participants receive alike, read once. */
  readonly payloads?: SharedPayloads<readonly Content[]>;
}

export class Participant {
  /** For messages: its room and what it does there. */
  readonly name: string;
  readonly isSampled: boolean;
  /** Since {@link resetCounts}: messages, and bytes of their payloads. */
  frames = 0;
  bytes = 0;
  /** Awareness entries received, whether new or not. */
  awarenessEntries = 0;
  /** Own updates sent, and those of them that were acknowledged. */
  typed = 0;
  acknowledged = 0;
  /** What came of the states that others set; undefined without an awareness ledger. */
  readonly states: StateArrivals | undefined;
  readonly #protocol: Protocol;
  readonly #room: string;
  readonly #ledgers: {
    readonly ledger: Ledger | undefined;
    readonly awareness: AwarenessLedger | undefined;
  };
  readonly #arrivals: Arrivals | undefined;
  readonly #cursor: PayloadCursor<readonly Content[]>;
  readonly #writer: number | undefined;
  #client!: LoadClient;
  #kept: Uint8Array[] = [];
  /** When what is not acknowledged yet was sent, in order; undefined for what is no update of the ledger. */
  #unacknowledged: (number | undefined)[] = [];
  #synced: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #fault: string | undefined;
  #ending = '';

  private constructor(protocol: Protocol, room: string, options: ParticipantOptions) {
    const { ledger, isSampled = false, clientId, has, awareness } = options;
    this.name = `${clientId === undefined ? 'a reader' : `client ${clientId}`} in ${room}`;
    this.isSampled = isSampled;
    this.#protocol = protocol;
    if (has !== undefined) this.#kept.push(has);
    this.#room = room;
    this.#ledgers = { ledger, awareness };
    this.#arrivals = ledger && new Arrivals(ledger, isSampled, (sentAtMs) => this.#echoCame(sentAtMs));
    this.#writer = clientId === undefined ? undefined : ledger?.indexOf(clientId);
    if (this.#writer !== undefined) this.#arrivals?.own(this.#writer);
    this.states = awareness?.arrivals(clientId, isSampled);
    const { payloads = ledger?.payloads ?? awareness?.payloads ?? new SharedPayloads() } = options;
    this.#cursor = payloads.cursor();
  }

  /** Resolves when the connection is open and the protocol's greeting is on its way. */
  static async open(
    { endpoint, protocol }: ParticipantContext,
    room: string,
    options: ParticipantOptions = {},
  ): Promise<Participant> {
    const participant = new Participant(protocol, room, options);
    const greeting = protocol.greeting(room, endpoint.token);
    await LoadClient.open({
      endpoint,
      path: protocol.path(room),
      greeting: greeting.map((message) => clientFrame(message)),
      opening: (client) => (participant.#client = client),
      receive: (payload) => participant.#receive(payload),
      expected: (length) => participant.#cursor.expected(length),
      closed: (why) => participant.#closed(why),
    });
    return participant;
  }

  /** Distinct updates of the ledger received: others', and its own that came back. */
  get delivered(): number {
    return this.deliveredOfOthers + this.echoed;
  }

  get deliveredOfOthers(): number {
    return this.#arrivals?.delivered ?? 0;
  }

  get echoed(): number {
    return this.#arrivals?.echoed ?? 0;
  }

  /** Updates of others that were sent and have not come. */
  get missing(): number {
    return this.#arrivals?.missing ?? 0;
  }

  get isClosed(): boolean {
    return this.#client.closed;
  }

  /** What was wrong with what it received, if anything. */
  get fault(): string | undefined {
    return this.#fault ?? this.#arrivals?.fault ?? this.states?.fault;
  }

  /** What it waits for cannot come any more. */
  get isLost(): boolean {
    return this.fault !== undefined || this.isClosed;
  }

  /** Sends a sync request; resolves when it has been answered to the end. Rejects with DeliveryError. */
  async sync(stateVector: Uint8Array = emptyStateVector): Promise<void> {
    this.#arrivals?.assume(Y.decodeStateVector(stateVector));
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#synced = { resolve, reject };
      if (this.fault !== undefined) this.#failed(this.fault);
      else if (this.isClosed) this.#closed(this.#ending);
      timer = setTimeout(() => this.#failed(`no sync within ${maxSyncMs} ms`), maxSyncMs);
      this.send(this.#protocol.syncRequest(this.#room, stateVector));
    }).finally(() => clearTimeout(timer));
  }

  /** The frame that {@link type} sends, so that it can be made beforehand. */
  frameOf(update: PreparedUpdate): Uint8Array {
    return clientFrame(this.#protocol.update(this.#room, update.update));
  }

  /** Sends an update of the ledger's script, and tells the ledger. */
  type(update: PreparedUpdate, frame = this.frameOf(update)): void {
    const { ledger } = this.#ledgers;
    if (ledger === undefined) throw new Error('typing needs a ledger');
    const atMs = performance.now();
    ledger.sent(update, atMs, this.#writer);
    this.#expectAcknowledgement(atMs);
    this.typed++;
    this.#client.send(frame);
  }

  /** Any message of the protocol. */
  send(payload: Uint8Array): void {
    this.sendFrame(clientFrame(payload));
  }

  /** The same, as a frame made beforehand. */
  sendFrame(frame: Uint8Array): void {
    this.#client.send(frame);
  }

  resetCounts(): void {
    this.frames = 0;
    this.bytes = 0;
    this.awarenessEntries = 0;
  }

  /** Sampled: everything received, sync replies and updates; the same object where others received the same bytes. */
  get kept(): readonly Uint8Array[] {
    return this.#kept;
  }

  /** The same, merged to one update. */
  received(): Uint8Array {
    return Y.encodeStateAsUpdate(this.document());
  }

  /** The same as a document. */
  document(): Y.Doc {
    return documentOf(this.#kept);
  }

  /** Throws DeliveryError when something was wrong, MissingError when something has not come. */
  verify(): void {
    if (this.fault !== undefined) throw new DeliveryError(`${this.name}: ${this.fault}`);
    const ending = this.isClosed ? ` (${this.#ending})` : '';
    if (this.missing > 0)
      throw new MissingError(`${this.name}: ${this.#arrivals?.describeMissing()}${ending}`);
    this.states?.verify(`${this.name}${ending}`);
  }

  pause(): void {
    this.#client.pause();
  }

  resume(): void {
    this.#client.resume();
  }

  close(): void {
    this.#client.close();
  }

  #receive(payload: Uint8Array): void {
    this.frames++;
    this.bytes += payload.length;
    const nowMs = performance.now();
    try {
      const contents = this.#cursor.read(
        payload,
        (copy) => readContents(this.#protocol, this.#ledgers, copy),
        isForAll,
      );
      for (const content of contents) this.#take(content, nowMs);
    } catch (error) {
      this.#failed(error instanceof Error ? error.message : String(error));
    }
  }

  #take(content: Content, nowMs: number): void {
    switch (content.kind) {
      case 'update':
      case 'sync-reply':
        this.#takeUpdate(content, nowMs);
        break;
      case 'sync-request':
        this.send(this.#protocol.syncReply(this.#room, emptyUpdate));
        this.#expectAcknowledgement(undefined);
        break;
      case 'awareness':
        this.awarenessEntries += content.entryCount;
        if (content.entries !== undefined) this.states?.take(content.entries, nowMs);
        break;
      case 'acknowledgement':
        this.#acknowledgementCame(content.isTaken, nowMs);
        break;
      case 'refused':
        this.#failed(`the server refused: ${content.reason}`);
        break;
      case 'other':
    }
  }

  #takeUpdate(content: Content & { kind: 'update' | 'sync-reply' }, nowMs: number): void {
    if (this.isSampled) this.#kept.push(content.update);
    const isLive = content.kind === 'update' && this.#synced === undefined;
    if (content.parts !== undefined) this.#arrivals?.take(content.parts, nowMs, isLive);
    if (content.kind !== 'sync-reply') return;
    this.#synced?.resolve();
    this.#synced = undefined;
  }

  #expectAcknowledgement(sentAtMs: number | undefined): void {
    if (this.#protocol.acknowledgedBy === 'message') this.#unacknowledged.push(sentAtMs);
  }

  #acknowledgementCame(isTaken: boolean, nowMs: number): void {
    const sentAtMs = this.#unacknowledged.shift();
    if (!isTaken) this.#failed('the server did not take an update');
    else if (sentAtMs !== undefined) this.#acknowledge(nowMs - sentAtMs);
  }

  #echoCame(sentAtMs: number): void {
    if (this.#protocol.acknowledgedBy === 'echo') this.#acknowledge(performance.now() - sentAtMs);
  }

  #acknowledge(ms: number): void {
    this.acknowledged++;
    this.#ledgers.ledger?.acknowledgements.add(ms);
  }

  /** The first fault is the one that tells. */
  #failed(why: string): void {
    this.#fault ??= why;
    this.#notSynced(new DeliveryError(`${this.name}: ${why}`));
  }

  #closed(why: string): void {
    this.#ending = why;
    this.#notSynced(new MissingError(`${this.name}: no sync, ${why}`));
  }

  #notSynced(error: DeliveryError): void {
    this.#synced?.reject(error);
    this.#synced = undefined;
  }
}
