// The bytes of a backup file: a magic line, then frames [length u32][kind u8][payload][crc32 u32]. The checksum covers
// the frame's number too, so that a frame that was lost, doubled or moved is noticed like a flipped bit.

import { crc32 } from 'node:zlib';
import { StoreError } from '../errors.js';

const magic = Buffer.from('HEDDLE BACKUP 1\n');
const headBytes = 5;
const crcBytes = 4;
/** Larger than any document may be; a longer frame is a damaged length. */
const maxFrameBytes = 0x7fff_ffff;
const bufferBytes = 1024 * 1024;

/** One frame whose checksum has been checked. */
export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** Where the bytes of a backup go: a file, or a stream. */
export interface ArchiveSink {
  /** Resolves when the sink has taken all bytes and wants more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything is where it is to be: on the disk, for a file. */
  end(): Promise<void>;
}

/** Writes frames to a sink, gathered into large writes. */
export class FrameWriter {
  readonly #sink: ArchiveSink;
  #gathered: Uint8Array[] = [magic];
  #gatheredBytes = magic.byteLength;
  #count = 0;

  constructor(sink: ArchiveSink) {
    this.#sink = sink;
  }

  async write(kind: number, payload: Uint8Array): Promise<void> {
    const head = Buffer.alloc(headBytes);
    head.writeUInt32BE(payload.byteLength, 0);
    head.writeUInt8(kind, 4);
    const end = Buffer.alloc(crcBytes);
    end.writeUInt32BE(frameChecksum(this.#count, head, payload));
    this.#count += 1;
    this.#gathered.push(head, payload, end);
    this.#gatheredBytes += head.byteLength + payload.byteLength + end.byteLength;
    if (this.#gatheredBytes >= bufferBytes) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#sink.end();
  }

  async #flush(): Promise<void> {
    await this.#sink.write(Buffer.concat(this.#gathered, this.#gatheredBytes));
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}

/**
 * The frames in the bytes of a backup; `path` is what messages call it. Throws StoreError STORE_CORRUPT where they stop making
 * sense, a cut included.
 */
export async function* readFrames(bytes: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Frame> {
  const reader = new BufferedReader(bytes);
  const start = await reader.read(magic.byteLength);
  if (!start || !magic.equals(start)) throw notAnArchive(path);
  for (let count = 0; ; count += 1) {
    if (await reader.isAtEnd()) return;
    const head = await reader.read(headBytes);
    if (!head) throw damagedArchive(path, `it ends inside frame ${count}`);
    const length = head.readUInt32BE(0);
    // The length is not proven yet: the reader holds no more than there is.
    const rest = length > maxFrameBytes ? undefined : await reader.read(length + crcBytes);
    if (!rest) throw damagedArchive(path, `it ends inside frame ${count}`);
    const payload = rest.subarray(0, length);
    if (rest.readUInt32BE(length) !== frameChecksum(count, head, payload)) {
      throw damagedArchive(path, `the checksum of frame ${count} does not match`);
    }
    yield { kind: head.readUInt8(4), payload: new Uint8Array(payload) };
  }
}

/** STORE_CORRUPT for a backup file. */
export function damagedArchive(path: string, what: string): StoreError {
  return new StoreError(
    'STORE_CORRUPT',
    `backup ${path} is damaged: ${what}; nothing was restored, use another backup`,
  );
}

function notAnArchive(path: string): StoreError {
  return new StoreError('STORE_CORRUPT', `${path} is not a backup of this server, or of another version`);
}

function frameChecksum(count: number, head: Uint8Array, payload: Uint8Array): number {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(count));
  return crc32(payload, crc32(head, crc32(number)));
}

/** Exact reads over bytes that come in chunks of any size. */
class BufferedReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** Whether the last byte has been handed out. */
  async isAtEnd(): Promise<boolean> {
    await this.#fill(1);
    return this.#heldBytes === 0;
  }

  /** Exactly this many bytes, or undefined when fewer are left. */
  async read(bytes: number): Promise<Buffer | undefined> {
    await this.#fill(bytes);
    if (this.#heldBytes < bytes) return undefined;
    const [first = new Uint8Array(0), ...more] = this.#held;
    const buffer =
      more.length === 0
        ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
        : Buffer.concat(this.#held);
    const rest = buffer.subarray(bytes);
    this.#held = rest.byteLength === 0 ? [] : [rest];
    this.#heldBytes = rest.byteLength;
    return buffer.subarray(0, bytes);
  }

  async #fill(bytes: number): Promise<void> {
    while (this.#heldBytes < bytes) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      this.#held.push(next.value);
      this.#heldBytes += next.value.byteLength;
    }
  }
}
