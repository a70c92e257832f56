// The bytes of a backup file: a magic line, then frames [length u32][kind u8][payload][crc32 u32]. The checksum covers
// the frame's number too, so that a frame that was lost, doubled or moved is noticed like a flipped bit.

import { crc32 } from 'node:zlib';
import type { FileHandle } from 'node:fs/promises';
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

/** Writes frames to a new file, gathered into large writes. */
export class FrameWriter {
  readonly #file: FileHandle;
  #gathered: Uint8Array[] = [magic];
  #gatheredBytes = magic.byteLength;
  #count = 0;

  constructor(file: FileHandle) {
    this.#file = file;
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

  /** Everything is on the disk on return. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#file.sync();
  }

  async #flush(): Promise<void> {
    // writev may take less than all of it, writeFile does not.
    await this.#file.writeFile(Buffer.concat(this.#gathered, this.#gatheredBytes));
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}

/** The frames of a file. Throws StoreError STORE_CORRUPT where they stop making sense, a cut included. */
export async function* readFrames(file: FileHandle, path: string): AsyncGenerator<Frame> {
  const reader = new BufferedReader(file);
  const start = await reader.read(magic.byteLength);
  if (!start || !magic.equals(start)) throw notAnArchive(path);
  for (let count = 0; ; count += 1) {
    const head = await reader.read(headBytes);
    if (!head) {
      if (reader.isAtEnd) return;
      throw damagedArchive(path, `it ends inside frame ${count}`);
    }
    const length = head.readUInt32BE(0);
    // The length is not proven yet: never asks for more than the file has.
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

/** Exact reads over a file, with read-ahead. */
class BufferedReader {
  readonly #file: FileHandle;
  #buffer = Buffer.alloc(0);
  #remaining: number | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** True when the last byte has been handed out. */
  get isAtEnd(): boolean {
    return this.#buffer.byteLength === 0 && this.#remaining === 0;
  }

  /** Exactly this many bytes, valid until the next read, or undefined when the file holds fewer. */
  async read(bytes: number): Promise<Buffer | undefined> {
    this.#remaining ??= (await this.#file.stat()).size;
    if (this.#buffer.byteLength + this.#remaining < bytes) return undefined;
    if (this.#buffer.byteLength < bytes) await this.#fill(bytes);
    if (this.#buffer.byteLength < bytes) return undefined; // cut while being read
    const result = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return result;
  }

  async #fill(bytes: number): Promise<void> {
    const remaining = this.#remaining ?? 0;
    const wanted = Math.min(Math.max(bytes - this.#buffer.byteLength, bufferBytes), remaining);
    const chunk = Buffer.alloc(wanted);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.#file.read(chunk, filled, wanted - filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.#remaining = remaining - filled;
    this.#buffer = Buffer.concat([this.#buffer, chunk.subarray(0, filled)]);
  }
}
