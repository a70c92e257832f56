// How updates of one room reach its live readers: encoded once per dialect, handed to the transport once per dialect.

import type { DocumentName } from '../../shared/document-name.js';
import type { Limits } from '../../shared/limits.js';
import type { Dialect } from '../dialect/dialect.js';
import type { Fanout, Writer } from '../room/writer.js';
import type { Transport } from '../transport/transport.js';

/** A reader that gets what the room publishes. */
export interface LiveReader {
  readonly dialect: Dialect;
  /** To every other reader of the topic. */
  publish(topic: string, frame: Uint8Array): void;
  /** Its buffer may have grown: it checks, and leaves the live stream if it lags. */
  checkLag(): void;
  /** Leaves the live stream before what is being published now, to read it from the log. */
  fallBack(): void;
}

/** Where live readers of one dialect hang. Its name is kept: made anew for each frame, it would be hashed for each. */
interface Topic {
  readonly dialect: Dialect;
  readonly name: string;
  readerCount: number;
}

export class RoomFanout implements Fanout {
  readonly #transport: Transport;
  readonly #document: DocumentName;
  readonly #limits: Limits;
  readonly #readers = new Map<Writer, LiveReader>();
  /** One per dialect that is spoken here: none or one, mostly. */
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

  topic(dialect: Dialect): string {
    return this.#topicOf(dialect)?.name ?? `${dialect.name}:${this.#document}`;
  }

  add(writer: Writer, reader: LiveReader): void {
    this.#readers.set(writer, reader);
    const { dialect } = reader;
    const topic = this.#topicOf(dialect);
    if (topic !== undefined) topic.readerCount++;
    else this.#topics = this.#topics.concat({ dialect, name: this.topic(dialect), readerCount: 1 });
  }

  remove(writer: Writer): void {
    const reader = this.#readers.get(writer);
    if (reader === undefined) return;
    this.#readers.delete(writer);
    const topic = this.#topicOf(reader.dialect);
    if (topic !== undefined && --topic.readerCount === 0)
      this.#topics = this.#topics.filter((other) => other !== topic);
  }

  update(update: Uint8Array, except?: Writer): void {
    if (update.length >= this.#limits.softBufferedBytes) {
      // Published, it would fill every buffer at once, and the next one would find them over the limit.
      for (const [writer, reader] of this.#readers) if (writer !== except) reader.fallBack();
      return;
    }
    this.#publish((dialect) => dialect.encodeUpdate(update), except);
    this.#count(update.length);
  }

  awareness(update: Uint8Array, except?: Writer): void {
    this.#publish((dialect) => dialect.encodeAwareness(update), except);
    this.#count(update.length);
  }

  #topicOf(dialect: Dialect): Topic | undefined {
    return this.#topics.find((topic) => topic.dialect === dialect);
  }

  #publish(encode: (dialect: Dialect) => Uint8Array, except: Writer | undefined): void {
    const excepted = except === undefined ? undefined : this.#readers.get(except);
    for (const { dialect, name } of this.#topics) {
      const frame = encode(dialect);
      if (excepted?.dialect === dialect) excepted.publish(name, frame);
      else this.#transport.publish(name, frame);
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
