// Counts what a client receives, and knows when it has all of it.

import * as decoding from 'lib0/decoding';
import { UpdateInspector } from '../server/crdt/update-inspector.js';
import { defaultLimits } from '../shared/limits.js';

const inspector = new UpdateInspector(defaultLimits);

/** What came in, over all clients that share it. */
export class Receiver {
  frames = 0;
  bytes = 0;
  /** Structs in live updates: one for each keystroke, also when several come joined. */
  keystrokes = 0;
  /** Clients whose sync request has been answered to the end. */
  synced = 0;
  /** Updates seen by whoever wants to rebuild the document. */
  sample: Uint8Array[] | undefined;

  /** A message of the y-websocket protocol. */
  readonly receive = (payload: Uint8Array): void => {
    this.frames++;
    this.bytes += payload.length;
    if (payload[0] !== 0) return;
    if (payload[1] === 1) this.synced++;
    if (payload[1] === 0) return;
    const decoder = decoding.createDecoder(payload);
    decoder.pos = 2;
    const update = decoding.readVarUint8Array(decoder);
    if (payload[1] === 2) this.keystrokes += inspector.inspect(update).structCount;
    this.sample?.push(update.slice());
  };

  reset(): void {
    this.frames = 0;
    this.bytes = 0;
    this.keystrokes = 0;
    this.synced = 0;
  }
}
