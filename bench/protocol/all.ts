// The protocols a load client can speak.

import { hocuspocus } from './hocuspocus.js';
import { native } from './native.js';
import type { Protocol, ProtocolName } from './protocol.js';
import { yWebsocket } from './y-websocket.js';

export const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  'y-websocket': yWebsocket,
  hocuspocus,
  native,
};
