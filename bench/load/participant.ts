// One client in one room: speaks the target's protocol, verifies what it receives against the ledger.

import * as Y from 'yjs';
import type { Position } from '../../shared/native/position.js';
import type { PreparedUpdate } from '../input/script.js';
import { DeliveryError } from '../measurement.js';
import type { Conversation, Protocol } from '../protocol/protocol.js';
import { Arrivals } from './arrivals.js';
import type { AwarenessLedger, StateArrivals } from './awareness-ledger.js';
import type { Content } from './content.js';
import { documentOf } from './documents.js';
import type { Ledger } from './ledger.js';
import { MissingError } from './missing-error.js';
import { Line, type LineContext, type Listener } from './line.js';
import { clientFrame } from './load-client.js';
import { SharedPayloads } from './shared-payloads.js';

const maxSyncMs = 60_000;
const emptyStateVector = Uint8Array.of(0);

export type ParticipantContext = LineContext;

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

export class Participant implements Listener {
  /** For messages: its room and what it does there. */
  readonly name: string;
  readonly isSampled: boolean;
  /** Since {@link resetCounts}: messages, and bytes of their payloads. */
  frames = 0;
  bytes = 0;
  /** The same with the headers of their frames, as the socket has them. */
  wireBytes = 0;
  /** Awareness entries received, whether new or not. */
  awarenessEntries = 0;
  /** Own updates sent, and those of them that were acknowledged. */
  typed = 0;
  acknowledged = 0;
  /** What came of the states that others set; undefined without an awareness ledger. */
  readonly states: StateArrivals | undefined;
  readonly conversation: Conversation;
  readonly readers: {
    readonly ledger: Ledger | undefined;
    readonly awareness: AwarenessLedger | undefined;
  };
  readonly #acknowledgedBy: Protocol['acknowledgedBy'];
  readonly #line: Line;
  readonly #arrivals: Arrivals | undefined;
  readonly #writer: number | undefined;
  #kept: Uint8Array[] = [];
  /** When what is not acknowledged yet was sent, in order; undefined for what is no update of the ledger. */
  #unacknowledged: (number | undefined)[] = [];
  /** How many updates it has sent, those that are no update of the ledger included. */
  #sent = 0;
  #synced: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #fault: string | undefined;
  #ending = '';

  private constructor(protocol: Protocol, line: Line, room: string, options: ParticipantOptions) {
    const { ledger, isSampled = false, clientId, has, awareness } = options;
    this.name = `${clientId === undefined ? 'a reader' : `client ${clientId}`} in ${room}`;
    this.isSampled = isSampled;
    this.conversation = protocol.converse(room, line.nextRef);
    this.#acknowledgedBy = protocol.acknowledgedBy;
    if (has !== undefined) this.#kept.push(has);
    this.#line = line;
    this.readers = { ledger, awareness };
    this.#arrivals = ledger && new Arrivals(ledger, isSampled, (sentAtMs) => this.#echoCame(sentAtMs));
    this.#writer = clientId === undefined ? undefined : ledger?.indexOf(clientId);
    if (this.#writer !== undefined) this.#arrivals?.own(this.#writer);
    this.states = awareness?.arrivals(clientId, isSampled);
    line.add(this);
  }

  /**
   * Resolves when the connection is open and the protocol's greeting is on its way. `line`: one that carries several
   * documents; without, it has one of its own.
   */
  static async open(
    context: ParticipantContext,
    room: string,
    options: ParticipantOptions = {},
    line = new Line(context, room, payloadsOf(options)),
  ): Promise<Participant> {
    const participant = new Participant(context.protocol, line, room, options);
    await line.open();
    return participant;
  }

  /** Distinct updates of the ledger: others' that were received, and its own that came back or stand for that. */
  get delivered(): number {
    return this.deliveredOfOthers + (this.#acknowledgedBy === 'number' ? this.acknowledged : this.echoed);
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
    return this.#line.isClosed;
  }

  /** What was wrong with what it received, if anything. */
  get fault(): string | undefined {
    return this.#fault ?? this.#arrivals?.fault ?? this.states?.fault;
  }

  /** What it waits for cannot come any more. */
  get isLost(): boolean {
    return this.fault !== undefined || this.isClosed;
  }

  /** Where it could resume; undefined where the protocol cannot, or it is not known yet. */
  get position(): Position | undefined {
    return this.conversation.position;
  }

  /** It was taken up where it stood, instead of comparing. */
  get isResumed(): boolean {
    return this.conversation.isResumed;
  }

  /**
   * Sends a sync request; resolves when it has been answered to the end. Rejects with DeliveryError. `position`: where it
   * had all of the state vector.
   */
  async sync(stateVector: Uint8Array = emptyStateVector, position?: Position): Promise<void> {
    this.#arrivals?.assume(Y.decodeStateVector(stateVector));
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#synced = { resolve, reject };
      if (this.fault !== undefined) this.failed(this.fault);
      else if (this.isClosed) this.closed(this.#ending);
      timer = setTimeout(() => this.failed(`no sync within ${maxSyncMs} ms`), maxSyncMs);
      const known = position === undefined ? { stateVector } : { stateVector, position };
      this.#send(this.conversation.syncRequest(known));
    }).finally(() => clearTimeout(timer));
  }

  /** The frame that {@link type} sends, so that it can be made beforehand: in the order of sending. */
  frameOf(update: PreparedUpdate): Uint8Array {
    return clientFrame(this.conversation.update(update.update));
  }

  /** Sends an update of the ledger's script, and tells the ledger. */
  type(update: PreparedUpdate, frame = this.frameOf(update)): void {
    const { ledger } = this.readers;
    if (ledger === undefined) throw new Error('typing needs a ledger');
    const atMs = performance.now();
    ledger.sent(update, atMs, this.#writer);
    this.#expectAcknowledgement(atMs);
    this.typed++;
    // Where an acknowledgement stands for the echo, its document is made of what it typed too.
    if (this.isSampled && this.#acknowledgedBy === 'number') this.#kept.push(update.update);
    this.#line.send(frame);
  }

  /** Sends an update that is in no ledger. */
  bring(update: Uint8Array): void {
    this.#expectAcknowledgement(undefined);
    this.#send(this.conversation.update(update));
  }

  /** Whether all it sent is acknowledged, where messages or numbers do that. */
  get isSettled(): boolean {
    return this.#unacknowledged.length === 0;
  }

  /** The frame of an awareness update, to be sent when its time has come. */
  awarenessFrame(update: Uint8Array): Uint8Array {
    return clientFrame(this.conversation.awareness(update));
  }

  /** A frame made beforehand. */
  sendFrame(frame: Uint8Array): void {
    this.#line.send(frame);
  }

  resetCounts(): void {
    this.frames = 0;
    this.bytes = 0;
    this.wireBytes = 0;
    this.awarenessEntries = 0;
  }

  /** Sampled: everything received, sync replies and updates, and what it typed and is not sent back; the same object where others received the same bytes. */
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
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  /** Its line, with all that is on it. */
  close(): void {
    this.#line.close();
  }

  came(payloadBytes: number): void {
    this.frames++;
    this.bytes += payloadBytes;
    this.wireBytes += payloadBytes + headerBytes(payloadBytes);
  }

  take(content: Content, nowMs: number): void {
    const { reply, durable, fault } = this.conversation.hear(content) ?? {};
    if (reply !== undefined) this.#reply(reply);
    if (fault !== undefined) this.failed(fault);
    switch (content.kind) {
      case 'update':
      case 'sync-reply':
        this.#takeUpdate(content, nowMs);
        break;
      case 'synced':
        this.#hasSynced();
        break;
      case 'awareness':
        this.awarenessEntries += content.entryCount;
        if (content.entries !== undefined) this.states?.take(content.entries, nowMs);
        break;
      case 'acknowledgement':
        this.#acknowledgementCame(content.isTaken, nowMs);
        break;
      case 'refused':
        this.failed(`the server refused: ${content.reason}`);
        break;
      default:
    }
    if (durable !== undefined) this.#durable(durable, nowMs);
  }

  #takeUpdate(content: Content & { kind: 'update' | 'sync-reply' }, nowMs: number): void {
    if (this.isSampled) this.#kept.push(content.update);
    const isLive = content.kind === 'update' && this.#synced === undefined;
    if (content.parts !== undefined) this.#arrivals?.take(content.parts, nowMs, isLive);
    if (content.kind === 'sync-reply') this.#hasSynced();
  }

  #hasSynced(): void {
    this.#synced?.resolve();
    this.#synced = undefined;
  }

  #send(payload: Uint8Array): void {
    this.#line.send(clientFrame(payload));
  }

  #reply(payload: Uint8Array): void {
    // Where each message is acknowledged, an answer is too.
    if (this.#acknowledgedBy === 'message') this.#expectAcknowledgement(undefined);
    this.#send(payload);
  }

  #expectAcknowledgement(sentAtMs: number | undefined): void {
    if (this.#acknowledgedBy === 'echo') return;
    this.#sent++;
    this.#unacknowledged.push(sentAtMs);
  }

  /** All up to this one of what it sent. */
  #durable(count: number, nowMs: number): void {
    for (let waiting = this.#sent - this.#unacknowledged.length; waiting < count; waiting++) {
      const sentAtMs = this.#unacknowledged.shift();
      if (sentAtMs !== undefined) this.#acknowledge(nowMs - sentAtMs);
    }
  }

  #acknowledgementCame(isTaken: boolean, nowMs: number): void {
    const sentAtMs = this.#unacknowledged.shift();
    if (!isTaken) this.failed('the server did not take an update');
    else if (sentAtMs !== undefined) this.#acknowledge(nowMs - sentAtMs);
  }

  #echoCame(sentAtMs: number): void {
    if (this.#acknowledgedBy === 'echo') this.#acknowledge(performance.now() - sentAtMs);
  }

  #acknowledge(ms: number): void {
    this.acknowledged++;
    this.readers.ledger?.acknowledgements.add(ms);
  }

  /** The first fault is the one that tells. */
  failed(why: string): void {
    this.#fault ??= why;
    this.#notSynced(new DeliveryError(`${this.name}: ${why}`));
  }

  closed(why: string): void {
    this.#ending = why;
    this.#notSynced(new MissingError(`${this.name}: no sync, ${why}`));
  }

  #notSynced(error: DeliveryError): void {
    this.#synced?.reject(error);
    this.#synced = undefined;
  }
}

/** Of a frame of the server around a payload of so many bytes. */
function headerBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

function payloadsOf({ ledger, awareness, payloads }: ParticipantOptions): SharedPayloads<readonly Content[]> {
  return payloads ?? ledger?.payloads ?? awareness?.payloads ?? new SharedPayloads();
}
