// A socket whose course is watched: whether it opened, whether the server was heard on it, and how it ended.

import type { ClientSocket, OpenSocket, SocketEvents } from './socket.js';

export interface Course {
  readonly hasOpened: boolean;
  readonly hasSent: boolean;
  /** A frame has come, or a close with a code, which is a word of the server too. */
  readonly hasHeard: boolean;
  /** Let go of on this side. */
  readonly isByCaller: boolean;
}

/** Told in this order, each once at most, before the socket's own events. */
export interface Watcher {
  opened(): void;
  heard(): void;
  ended(course: Course): void;
}

export interface WatchedSocket extends ClientSocket {
  /** Lets go of it as `close` does, and tells its events that it is closed. */
  giveUp(reason: string): void;
}

export function watchedSocket(
  openSocket: OpenSocket,
  url: string,
  events: SocketEvents,
  watcher: Watcher,
): WatchedSocket {
  let [hasOpened, hasSent, hasHeard, isOver] = [false, false, false, false];
  const hear = (): void => {
    if (!hasHeard) watcher.heard();
    hasHeard = true;
  };
  const end = (isByCaller: boolean): void => {
    if (!isOver) watcher.ended({ hasOpened, hasSent, hasHeard, isByCaller });
    isOver = true;
  };
  const socket = openSocket(url, {
    opened() {
      if (isOver) return;
      hasOpened = true;
      watcher.opened();
      events.opened();
    },
    frame(bytes) {
      if (isOver) return;
      hear();
      events.frame(bytes);
    },
    closed(code, reason) {
      if (isOver) return;
      if (hasOpened && code !== 1006) hear();
      end(false);
      events.closed(code, reason);
    },
  });
  const close = (): void => {
    end(true);
    socket.close();
  };
  return {
    send(frame) {
      hasSent = true;
      socket.send(frame);
    },
    get bufferedBytes() {
      return socket.bufferedBytes;
    },
    close,
    giveUp(reason) {
      if (isOver) return;
      close();
      events.closed(1006, reason);
    },
  };
}
