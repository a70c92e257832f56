// Cuts a large update into parts that a document takes one after the other, none of which waits for a later one.

import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { encodeDeletes } from './missing-update.js';

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];
type DeleteSet = ReturnType<typeof Y.createDeleteSet>;

/** What a part has besides structs and deletes: how many client ids there are of each. */
const partBytes = 6;
/** What the structs, or the deletes, of one client id have besides themselves, at most. */
const headBytes = 20;
/** One range of deletes, at most. */
const rangeBytes = 10;
/** What an item has besides its content, its keys left out, at most. */
const itemBytes = 64;

/**
 * Returns updates of at most `maxBytes`, and larger ones with one value each that cannot be cut. Structs come in causal
 * order; deletes come last. Throws what is no update.
 */
export function splitUpdate(update: Uint8Array, maxBytes: number): Uint8Array[] {
  if (update.length <= maxBytes) return [update];
  const { structs, ds } = Y.decodeUpdate(update);
  const packer = new Packer(maxBytes);
  for (const struct of inCausalOrder(structs)) packer.add(struct);
  for (const deletes of deletesWithin(ds, maxBytes)) packer.addDeletes(deletes);
  packer.finish();
  return packer.parts;
}

/** The structs, as `decodeUpdate` gives them, and the deletes as one update. */
export function writeUpdate(structs: readonly Struct[], deletes: DeleteSet): Uint8Array {
  const packer = new Packer(Infinity);
  for (const struct of structs) if (!(struct instanceof Y.Skip)) packer.add(struct);
  packer.addDeletes(deletes);
  // A gap ends a part.
  return packer.parts.length === 1 ? packer.parts[0]! : Y.mergeUpdates(packer.parts);
}

/** Structs of one client id that follow each other without a gap. */
interface Run {
  readonly clock: number;
  end: number;
  count: number;
  readonly encoder: encoding.Encoder;
}

/** Fills one part after the other. */
class Packer {
  readonly parts: Uint8Array[] = [];
  readonly #maxBytes: number;
  #runs = new Map<number, Run>();
  #bytes = partBytes;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(struct: Struct): void {
    const bytes = bytesOf(struct);
    if (bytes.length + headBytes + partBytes <= this.#maxBytes) return this.#put(struct, bytes);
    for (const piece of piecesOf(struct, this.#maxBytes - headBytes - partBytes))
      this.#put(piece, bytesOf(piece));
  }

  addDeletes(deletes: DeleteSet): void {
    const bytes = encodeDeletes(deletes);
    if (this.#bytes + bytes.length > this.#maxBytes) this.finish();
    this.finish(bytes);
  }

  finish(deletes: Uint8Array = Uint8Array.of(0)): void {
    if (this.#runs.size === 0 && deletes.length === 1) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, this.#runs.size);
    for (const [client, run] of [...this.#runs].sort(([a], [b]) => b - a)) {
      encoding.writeVarUint(encoder, run.count);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, run.clock);
      encoding.writeBinaryEncoder(encoder, run.encoder);
    }
    encoding.writeUint8Array(encoder, deletes);
    this.parts.push(encoding.toUint8Array(encoder));
    this.#runs = new Map();
    this.#bytes = partBytes;
  }

  #put({ id: { client, clock }, length }: Struct, bytes: Uint8Array): void {
    const isFull = this.#bytes + bytes.length + headBytes > this.#maxBytes;
    const isGap = (this.#runs.get(client)?.end ?? clock) !== clock;
    if (isFull || isGap) this.finish();
    const run = this.#runs.get(client) ?? { clock, end: clock, count: 0, encoder: encoding.createEncoder() };
    if (run.count === 0) this.#bytes += headBytes;
    this.#runs.set(client, run);
    encoding.writeUint8Array(run.encoder, bytes);
    run.count++;
    run.end = clock + length;
    this.#bytes += bytes.length;
  }
}

function bytesOf(struct: Struct): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  struct.write(encoder, 0);
  return encoder.toUint8Array();
}

/** The struct in pieces of at most so many bytes, where its content can be cut. */
function* piecesOf(struct: Struct, maxBytes: number): Iterable<Struct> {
  if (!(struct instanceof Y.Item)) return yield struct;
  const { content, id } = struct;
  let from = 0;
  for (const piece of contentPieces(content, Math.max(1, maxBytes - itemBytes))) {
    const at = Y.createID(id.client, id.clock + from);
    const origin = from === 0 ? struct.origin : Y.createID(id.client, id.clock + from - 1);
    const { rightOrigin, parent, parentSub } = struct;
    yield new Y.Item(at, null, origin, null, rightOrigin, parent, parentSub, piece);
    from += piece.getLength();
  }
}

function* contentPieces(content: Y.Item['content'], maxBytes: number): Iterable<Y.Item['content']> {
  if (content instanceof Y.ContentString) {
    // A character of a string in memory has three bytes at most.
    const most = Math.max(2, Math.floor(maxBytes / 3));
    for (let from = 0; from < content.str.length;) {
      const to = wholeCharacters(content.str, from + most);
      yield new Y.ContentString(content.str.slice(from, to));
      from = to;
    }
  } else if (content instanceof Y.ContentAny) {
    for (const values of valuesWithin(content.arr, maxBytes)) yield new Y.ContentAny(values);
  } else yield content;
}

/** Not between the two halves of a character beyond the first 65,536. */
function wholeCharacters(text: string, to: number): number {
  const code = text.charCodeAt(to - 1);
  return to < text.length && code >= 0xd800 && code <= 0xdbff ? to - 1 : to;
}

function* valuesWithin(values: readonly unknown[], maxBytes: number): Iterable<unknown[]> {
  let taken: unknown[] = [];
  let bytes = 0;
  for (const value of values) {
    const size = encoding.encode((encoder) =>
      encoding.writeAny(encoder, value as encoding.AnyEncodable),
    ).length;
    if (taken.length > 0 && bytes + size > maxBytes) {
      yield taken;
      taken = [];
      bytes = 0;
    }
    taken.push(value);
    bytes += size;
  }
  if (taken.length > 0) yield taken;
}

/** The structs of one client id that have not been passed on. */
interface Queue {
  readonly structs: Struct[];
  next: number;
  /** Some of its structs are being looked for already. */
  isOpen: boolean;
}

/** Each struct after those of the same update that it depends on. */
function* inCausalOrder(structs: readonly Struct[]): Iterable<Struct> {
  const queues = queuesOf(structs);
  for (const first of queues.values()) {
    const stack = [{ queue: first, until: Infinity }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { queue, until } = top;
      queue.isOpen = true;
      const struct = queue.structs[queue.next];
      if (struct === undefined || struct.id.clock > until) {
        queue.isOpen = false;
        stack.pop();
        continue;
      }
      const needed = neededBefore(struct, queues);
      if (needed !== undefined) stack.push(needed);
      else {
        queue.next++;
        yield struct;
      }
    }
  }
}

function queuesOf(structs: readonly Struct[]): Map<number, Queue> {
  const queues = new Map<number, Queue>();
  for (const struct of structs) {
    if (struct instanceof Y.Skip) continue;
    const queue = queues.get(struct.id.client) ?? { structs: [], next: 0, isOpen: false };
    queues.set(struct.id.client, queue);
    queue.structs.push(struct);
  }
  return queues;
}

function neededBefore(
  struct: Struct,
  queues: ReadonlyMap<number, Queue>,
): { queue: Queue; until: number } | undefined {
  if (!(struct instanceof Y.Item)) return undefined;
  const { origin, rightOrigin, parent } = struct;
  for (const id of [origin, rightOrigin, parent]) {
    if (!(id instanceof Y.ID)) continue;
    const queue = queues.get(id.client);
    if (queue === undefined || queue.isOpen) continue;
    const next = queue.structs[queue.next];
    if (next !== undefined && next.id.clock <= id.clock) return { queue, until: id.clock };
  }
  return undefined;
}

/** The deletes in sets that are written in at most so many bytes, but with one range at least. */
function* deletesWithin({ clients }: DeleteSet, maxBytes: number): Iterable<DeleteSet> {
  let set = Y.createDeleteSet();
  let bytes = partBytes;
  for (const [client, ranges] of clients) {
    for (const range of ranges) {
      if (set.clients.size > 0 && bytes + headBytes + rangeBytes > maxBytes) {
        yield set;
        set = Y.createDeleteSet();
        bytes = partBytes;
      }
      const taken = set.clients.get(client);
      if (taken === undefined) set.clients.set(client, [range]);
      else taken.push(range);
      bytes += taken === undefined ? headBytes + rangeBytes : rangeBytes;
    }
  }
  if (set.clients.size > 0) yield set;
}
