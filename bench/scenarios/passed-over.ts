// Standard targets that tell nothing new at some scenarios.

/** What they do beside their twins, they do to a disk. */
export const withStorage = ['y-websocket-server+leveldb', 'hocuspocus+sqlite'];
/** It differs from the other relay where a room is busy. */
export const windowRelay = ['bare-5ms'];
export const relays = ['bare', ...windowRelay];
export const allButHeddle = [...relays, ...withStorage, 'y-websocket-server', 'hocuspocus'];
