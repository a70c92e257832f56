// The dialect of Heddle's own client: many documents on a socket, told apart by the numbers the server gave them. The bytes
// are in shared/native/, the rules in docs/protocol.md.

import { encodeServerFrame } from '../../shared/native/frame.js';
import type { Dialect, DocumentEncoder } from './dialect.js';

function encoder(document: number): DocumentEncoder {
  const part = (update: Uint8Array): Uint8Array =>
    encodeServerFrame({ type: 'update', document, cursor: 0, acks: [], update });
  return {
    request: (stateVector) => encodeServerFrame({ type: 'wanted', document, stateVector }),
    part,
    lastPart: part,
    synced: (cursor) => encodeServerFrame({ type: 'synced', document, cursor }),
    update: (update, cursor, acks) => encodeServerFrame({ type: 'update', document, cursor, acks, update }),
    acknowledgement: (seq, cursor) => encodeServerFrame({ type: 'ack', document, cursor, seq }),
    awareness: (update) => encodeServerFrame({ type: 'awareness', document, update }),
    refusal: (seq, { fault }) => encodeServerFrame({ type: 'refused', document, seq, ...fault }),
  };
}

export const nativeDialect: Dialect = { name: 'native', isEchoAck: false, encoder };
