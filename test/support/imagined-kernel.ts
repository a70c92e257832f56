// What is on its way from the server to one client of a transport in memory: what an imagined kernel has taken, and what
// waits in the server's own buffer until that has room.

const KiB = 1024;

export class ImaginedKernel {
  /** In the order in which they were sent. Those in front are the kernel's. */
  readonly #frames: Uint8Array[] = [];
  #bytes = 0;
  #bufferedBytes = 0;
  #roomBytes = 256 * KiB;

  /** Bytes that the kernel has not taken. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Bytes that it takes before the server's own buffer begins to grow. What it has taken it keeps, also when this shrinks. */
  get roomBytes(): number {
    return this.#roomBytes;
  }

  set roomBytes(bytes: number) {
    this.#roomBytes = bytes;
    this.#fill();
  }

  send(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#bufferedBytes += frame.length;
    this.#fill();
  }

  /** The next frame that the client reads. */
  read(): Uint8Array | undefined {
    const frame = this.#frames.shift();
    this.#bytes -= frame?.length ?? 0;
    this.#fill();
    return frame;
  }

  /** The server's own buffer is gone. A frame of which the kernel has only a part does not arrive. */
  dropBuffered(): void {
    while (this.#bufferedBytes > 0) {
      const { length } = this.#frames.pop()!;
      this.#bytes -= length;
      this.#bufferedBytes -= length;
    }
    this.#bufferedBytes = 0;
  }

  #fill(): void {
    this.#bufferedBytes = Math.min(this.#bufferedBytes, Math.max(0, this.#bytes - this.#roomBytes));
  }
}
