// A socket that is opened beside the one in use, and says hello there. A proxy may let a socket open and nothing through: only
// a socket on which the server has welcomed this client is one to go on with.

import type { Clock } from '../../shared/clock.js';
import { decodeServerFrame } from '../../shared/native/frame.js';
import type { ClientSocket, OpenSocket, SocketEvents } from './socket.js';

/** Opening, and the greeting, take so long at most, ms. */
const withinMs = 10_000;

export interface BesideDeps {
  readonly clock: Clock;
  readonly openSocket: OpenSocket;
  readonly url: string;
  readonly token: string;
  /** The frame that says hello with this token. */
  readonly hello: Uint8Array;
}

/** A socket on which the server has welcomed this client. */
export interface WelcomedSocket {
  readonly socket: ClientSocket;
  /** The token that was believed. */
  readonly token: string;
  /** When hello was said, by this device's clock, ms since the epoch. */
  readonly greetedAt: number;
  /** The frame with the welcome. */
  readonly frame: Uint8Array;
  /** To be called at once: whoever goes on with the socket hears what comes on it from here on. */
  readonly goOn: (events: SocketEvents) => void;
}

/** Calls `done` once, with undefined where the server does not welcome this client there. Returns what stops it, in silence. */
export function openBeside(
  { clock, openSocket, url, token, hello }: BesideDeps,
  done: (welcomed: WelcomedSocket | undefined) => void,
): () => void {
  let owner: SocketEvents | undefined;
  let isOver = false;
  let greetedAt = 0;
  const end = (frame: Uint8Array | undefined): void => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    if (frame === undefined) socket.close();
    const goOn = (events: SocketEvents): void => void (owner = events);
    done(frame && { socket, token, greetedAt, frame, goOn });
  };
  const timer = clock.after(withinMs, () => end(undefined));
  const events: SocketEvents = {
    opened() {
      greetedAt = clock.now();
      socket.send(hello);
    },
    frame: (bytes) => (owner === undefined ? end(isWelcome(bytes) ? bytes : undefined) : owner.frame(bytes)),
    closed: (code, reason) => (owner === undefined ? end(undefined) : owner.closed(code, reason)),
  };
  const socket = openSocket(url, events, token);
  return () => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    socket.close();
  };
}

function isWelcome(frame: Uint8Array): boolean {
  try {
    return decodeServerFrame(frame)[0]?.type === 'welcome';
  } catch {
    // What answers is not this server.
    return false;
  }
}
