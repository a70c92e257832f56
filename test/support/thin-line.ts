// A line that takes what a client sends no faster than so many bytes a millisecond.

import type { ClientSocket, OpenSocket, SocketEvents } from '../../client/connection/socket.js';
import type { Clock, Timer } from '../../shared/clock.js';

export interface ThinLineOptions {
  readonly clock: Clock;
  readonly bytesPerMs: number;
  /** Whether the client sees what has not left yet, as a page does not see the buffers of its system. Default true. */
  readonly isBufferSeen?: boolean;
}

/** A frame arrives when its last byte has left. */
export function thinLine(
  openSocket: OpenSocket,
  { clock, bytesPerMs, isBufferSeen = true }: ThinLineOptions,
): OpenSocket {
  return (url, events, token) => {
    const frames: Uint8Array[] = [];
    let left = 0;
    let timer: Timer | undefined;
    const stop = (): void => {
      timer?.cancel();
      frames.length = 0;
    };
    const watching: SocketEvents = {
      ...events,
      closed(code, reason) {
        stop();
        events.closed(code, reason);
      },
    };
    const socket: ClientSocket = openSocket(url, watching, token);
    const carry = (): void => {
      const [frame] = frames;
      if (frame === undefined) return;
      timer = clock.after(frame.length / bytesPerMs, () => {
        frames.shift();
        left -= frame.length;
        socket.send(frame);
        carry();
      });
    };
    return {
      send(frame) {
        frames.push(frame);
        left += frame.length;
        if (frames.length === 1) carry();
      },
      get bufferedBytes() {
        return isBufferSeen ? left : 0;
      },
      close() {
        stop();
        socket.close();
      },
    };
  };
}
