// Standard targets that tell nothing new at some scenarios, with the reason that reports give.

import { heddleNative, heddleWs } from '../results.js';

export interface PassedOver {
  /** By name. */
  readonly targets: readonly string[];
  /** One clause: `what they do beside their twins, they do to a disk`. */
  readonly why: string;
}

const relayNames = ['bare', 'bare-5ms'];
const storing = ['y-websocket-server+leveldb', 'hocuspocus+sqlite'];

export const withStorage: PassedOver = {
  targets: storing,
  why: 'what they do here beside their twins, they do to a disk',
};

export const windowRelay: PassedOver = {
  targets: ['bare-5ms'],
  why: 'it differs from the other relay where a room is busy',
};

export const relays: PassedOver = {
  targets: relayNames,
  why: 'who has missed something is never caught up',
};

export const allButHeddle: PassedOver = {
  targets: [heddleWs, ...relayNames, ...storing, 'y-websocket-server', 'hocuspocus'],
  why: 'growth is judged against the same server, not against others',
};

/** Native clients, where what is measured does not depend on how clients speak. */
export function sameForNative(why: string): PassedOver {
  return { targets: [heddleNative], why };
}
