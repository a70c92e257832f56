// How updates of one room reach its live readers: encoded once per dialect, handed to the transport once per dialect. Owns
// how each dialect speaks of the room's document.

import type { DocumentName } from '../../shared/document-name.js';
import type { Limits } from '../../shared/limits.js';
import type { Ack } from '../../shared/native/fields.js';
import type { Dialect, DocumentEncoder } from '../dialect/dialect.js';
import type { Fanout, Writer } from '../room/writer.js';
import type { Socket, Transport } from '../transport/transport.js';

/** A reader that gets what the room publishes. */
export interface LiveReader {
  readonly dialect: Dialect;
  /** The socket that a publish of this reader's own update leaves out. */
  readonly socket: Socket;
  /** Its buffer may have grown: it checks, and leaves the live stream if it lags. */
  checkLag(): void;
  /** Leaves the live stream before what is being published now, to read it from the log. */
  fallBack(): void;
}

/** Where live readers of one dialect hang. Its name is kept: made anew for each frame, it would be hashed for each. */
interface Topic {
  readonly dialect: Dialect;
  readonly encoder: DocumentEncoder;
  readonly name: string;
  readerCount: number;
}

/** To tell the document by, among those that are or were loaded since the server started. */
let lastNumber = 0;

export class RoomFanout implements Fanout {
  readonly #transport: Transport;
  readonly #document: DocumentName;
  readonly #limits: Limits;
  /** The document's number on the wire. */
  readonly number = ++lastNumber;
  #lastWriter = 0;
  readonly #readers = new Map<Writer, LiveReader>();
  /** One per dialect that was spoken here: one, mostly. */
  #topics: readonly Topic[] = [];
  /** Bytes each reader was given since the readers were last checked. */
  #uncheckedBytes = 0;

  constructor(deps: { transport: Transport; document: DocumentName; limits: Limits }) {
    this.#transport = deps.transport;
    this.#document = deps.document;
    this.#limits = deps.limits;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** A number that no other writer of the document has had. */
  nextWriter(): number {
    return ++this.#lastWriter;
  }

  get maxLiveBytes(): number {
    return this.#limits.softBufferedBytes;
  }

  topic(dialect: Dialect): string {
    return this.#topicOf(dialect).name;
  }

  encoder(dialect: Dialect): DocumentEncoder {
    return this.#topicOf(dialect).encoder;
  }

  add(writer: Writer, reader: LiveReader): void {
    this.#readers.set(writer, reader);
    this.#topicOf(reader.dialect).readerCount++;
  }

  remove(writer: Writer): void {
    const reader = this.#readers.get(writer);
    if (reader === undefined) return;
    this.#readers.delete(writer);
    this.#topicOf(reader.dialect).readerCount--;
  }

  update(update: Uint8Array, cursor: number, except?: Writer, acks: readonly Ack[] = []): void {
    if (update.length >= this.maxLiveBytes) {
      // Published, it would fill every buffer at once, and the next one would find them over the limit.
      for (const [writer, reader] of this.#readers) if (writer !== except) reader.fallBack();
      return;
    }
    this.#publish((encoder) => encoder.update(update, cursor, acks), except);
    this.#count(update.length);
  }

  awareness(update: Uint8Array, except?: Writer): void {
    this.#publish((encoder) => encoder.awareness(update), except);
    this.#count(update.length);
  }

  #topicOf(dialect: Dialect): Topic {
    const known = this.#topics.find((topic) => topic.dialect === dialect);
    if (known !== undefined) return known;
    const topic = {
      dialect,
      encoder: dialect.encoder(this.number),
      name: `${dialect.name}:${this.#document}`,
      readerCount: 0,
    };
    this.#topics = this.#topics.concat(topic);
    return topic;
  }

  #publish(encode: (encoder: DocumentEncoder) => Uint8Array, except: Writer | undefined): void {
    const excepted = except === undefined ? undefined : this.#readers.get(except);
    for (const { dialect, encoder, name, readerCount } of this.#topics) {
      if (readerCount === 0) continue;
      const frame = encode(encoder);
      this.#transport.publish(name, frame, excepted?.dialect === dialect ? excepted.socket : undefined);
    }
  }

  /** By bytes, not by time: between two checks no buffer can grow from under the soft limit to over the hard one. */
  #count(bytes: number): void {
    this.#uncheckedBytes += bytes;
    if (this.#uncheckedBytes < this.#limits.softBufferedBytes) return;
    this.#uncheckedBytes = 0;
    for (const reader of this.#readers.values()) reader.checkLag();
  }
}
