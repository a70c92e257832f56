// How a room reaches its readers: each frame is encoded once per dialect and handed to the transport once per dialect. Owns
// how each dialect speaks of the room's document, and who is subscribed to what.

import type { DocumentName } from '../../shared/document-name.js';
import type { Limits } from '../../shared/limits.js';
import type { Ack } from '../../shared/native/fields.js';
import { mergeAccepted, mergeConsecutive } from '../crdt/merge-updates.js';
import type { UpdateInspector } from '../crdt/update-inspector.js';
import type { Dialect, DocumentEncoder } from '../dialect/dialect.js';
import type { Edit, Fanout, Writer } from '../room/writer.js';
import type { Socket, Transport } from '../transport/transport.js';

/** A reader that hears of presence. */
export interface Watcher {
  readonly dialect: Dialect;
  readonly socket: Socket;
}

/** A reader that gets what the room publishes. */
export interface LiveReader extends Watcher {
  /** Its buffer may have grown: the reader checks, and leaves the live stream if it lags. */
  checkLag(): void;
  /** Leaves the live stream before what is being published now, to read that from the log. */
  fallBack(): void;
}

/** How one dialect's readers are reached. Topic names are kept: made anew for each frame, they would be hashed each time. */
interface Audience {
  readonly dialect: Dialect;
  readonly encoder: DocumentEncoder;
  readonly liveTopic: string;
  readonly watchersTopic: string;
  liveCount: number;
  watcherCount: number;
}

export class RoomFanout implements Fanout {
  readonly #transport: Transport;
  readonly #document: DocumentName;
  readonly #limits: Limits;
  readonly #inspector: UpdateInspector;
  /** The document's number on the wire. */
  readonly number: number;
  #lastWriter = 0;
  readonly #readers = new Map<Writer, LiveReader>();
  readonly #watchers = new Map<Writer, Watcher>();
  /** One per dialect that was spoken here: mostly one. */
  #audiences: readonly Audience[] = [];
  /** Bytes that each live reader was given since the readers were last checked. */
  #uncheckedBytes = 0;

  /**
   * `number` tells the document from all others that are or were loaded since the server started. `inspector` is for merging,
   * and may be shared.
   */
  constructor(deps: {
    transport: Transport;
    document: DocumentName;
    limits: Limits;
    number: number;
    inspector: UpdateInspector;
  }) {
    this.#transport = deps.transport;
    this.#document = deps.document;
    this.#limits = deps.limits;
    this.#inspector = deps.inspector;
    this.number = deps.number;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  get maxLiveBytes(): number {
    return this.#limits.softBufferedBytes;
  }

  /** A number that no other writer of the document has had. */
  nextWriter(): number {
    return ++this.#lastWriter;
  }

  encoder(dialect: Dialect): DocumentEncoder {
    return this.#audienceOf(dialect).encoder;
  }

  /** The reader gets what is published from now on. */
  add(writer: Writer, reader: LiveReader): void {
    const audience = this.#audienceOf(reader.dialect);
    this.#readers.set(writer, reader);
    audience.liveCount++;
    reader.socket.subscribe(audience.liveTopic);
  }

  remove(writer: Writer): void {
    const reader = this.#readers.get(writer);
    if (reader === undefined) return;
    const audience = this.#audienceOf(reader.dialect);
    this.#readers.delete(writer);
    audience.liveCount--;
    reader.socket.unsubscribe(audience.liveTopic);
  }

  /** The reader hears of presence from now on, and of nothing else. */
  addWatcher(writer: Writer, watcher: Watcher): void {
    const audience = this.#audienceOf(watcher.dialect);
    this.#watchers.set(writer, watcher);
    audience.watcherCount++;
    watcher.socket.subscribe(audience.watchersTopic);
  }

  removeWatcher(writer: Writer): void {
    const watcher = this.#watchers.get(writer);
    if (watcher === undefined) return;
    const audience = this.#audienceOf(watcher.dialect);
    this.#watchers.delete(writer);
    audience.watcherCount--;
    watcher.socket.unsubscribe(audience.watchersTopic);
  }

  edits(edits: readonly Edit[], cursor: number): void {
    const [only] = edits;
    if (edits.length === 1 && only !== undefined) return this.#editsOfOne(only.writer, only.update, cursor);
    const authors = new Set(edits.map(({ writer }) => writer));
    const update = mergeAccepted(
      edits.map((edit) => edit.update),
      this.#inspector,
    );
    const [author] = authors;
    if (authors.size === 1 && author !== undefined) return this.#editsOfOne(author, update, cursor);
    if (update.length >= this.maxLiveBytes) return this.#fallBack();
    for (const audience of this.#audiences) {
      if (audience.liveCount === 0) continue;
      const frame = audience.encoder.update(update, cursor, []);
      // Where a client does not take its own edits for acknowledged, all may get the same.
      if (!audience.dialect.isEchoAck) this.#transport.publish(audience.liveTopic, frame);
      else this.#publishToOthers(audience, frame, this.#readersOf(authors, audience), { edits, cursor });
    }
    this.#count(update.length);
  }

  joined(update: Uint8Array, cursor: number, acks: readonly Ack[]): void {
    if (update.length >= this.maxLiveBytes) return this.#fallBack();
    for (const { liveCount, encoder, liveTopic } of this.#audiences)
      if (liveCount > 0) this.#transport.publish(liveTopic, encoder.update(update, cursor, acks));
    this.#count(update.length);
  }

  awareness(update: Uint8Array, except?: Writer): void {
    const excepted =
      except === undefined ? undefined : (this.#readers.get(except) ?? this.#watchers.get(except));
    for (const { dialect, encoder, liveCount, watcherCount, liveTopic, watchersTopic } of this.#audiences) {
      if (liveCount + watcherCount === 0) continue;
      const frame = encoder.awareness(update);
      const except = excepted?.dialect === dialect ? excepted.socket : undefined;
      if (liveCount > 0) this.#transport.publish(liveTopic, frame, except);
      if (watcherCount > 0) this.#transport.publish(watchersTopic, frame, except);
    }
    this.#count(update.length);
  }

  #audienceOf(dialect: Dialect): Audience {
    const known = this.#audiences.find((audience) => audience.dialect === dialect);
    if (known !== undefined) return known;
    const liveTopic = `${dialect.name}:${this.#document}`;
    const audience = {
      dialect,
      encoder: dialect.encoder(this.number),
      liveTopic,
      watchersTopic: `watchers:${liveTopic}`,
      liveCount: 0,
      watcherCount: 0,
    };
    this.#audiences = this.#audiences.concat(audience);
    return audience;
  }

  /** Edits of one author: to everybody else. */
  #editsOfOne(author: Writer, update: Uint8Array, cursor: number): void {
    if (update.length >= this.maxLiveBytes) return this.#fallBack(author);
    const reader = this.#readers.get(author);
    for (const { dialect, encoder, liveCount, liveTopic } of this.#audiences) {
      if (liveCount === 0) continue;
      const except = reader?.dialect === dialect ? reader.socket : undefined;
      this.#transport.publish(liveTopic, encoder.update(update, cursor, []), except);
    }
    this.#count(update.length);
  }

  /** The live readers of a dialect among these writers. */
  #readersOf(writers: Iterable<Writer>, { dialect }: Audience): readonly (readonly [Writer, LiveReader])[] {
    const readers: (readonly [Writer, LiveReader])[] = [];
    for (const writer of writers) {
      const reader = this.#readers.get(writer);
      if (reader?.dialect === dialect) readers.push([writer, reader]);
    }
    return readers;
  }

  /** The frame with all edits goes to everybody but their authors; each of these gets the edits of the others (R4). */
  #publishToOthers(
    { encoder, liveTopic }: Audience,
    frame: Uint8Array,
    authors: readonly (readonly [Writer, LiveReader])[],
    { edits, cursor }: { edits: readonly Edit[]; cursor: number },
  ): void {
    for (const [, { socket }] of authors) socket.unsubscribe(liveTopic);
    this.#transport.publish(liveTopic, frame);
    for (const [author, { socket }] of authors) {
      socket.subscribe(liveTopic);
      const others = edits.filter(({ writer }) => writer !== author).map(({ update }) => update);
      const update = mergeConsecutive(others, this.#inspector);
      // Two authors may have written under one client id: without those of one, the others' clocks have gaps.
      for (const each of update === undefined ? others : [update])
        socket.send(encoder.update(each, cursor, []));
    }
  }

  /**
   * Live readers read a large update from the log: published, it would fill every buffer at once, and the next update would
   * find them over the limit. The only author of the update has it, and stays.
   */
  #fallBack(author?: Writer): void {
    for (const [writer, reader] of this.#readers) if (writer !== author) reader.fallBack();
  }

  /** By bytes, not by time: between two checks no buffer can grow from under the soft limit to over the hard one. */
  #count(bytes: number): void {
    this.#uncheckedBytes += bytes;
    if (this.#uncheckedBytes < this.#limits.softBufferedBytes) return;
    this.#uncheckedBytes = 0;
    for (const reader of this.#readers.values()) reader.checkLag();
  }
}
