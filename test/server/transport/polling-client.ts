// A client over HTTP for the transport contracts, which can stop reading as one on a WebSocket can.

import { onTestFinished } from 'vitest';

import { longPoll, type Fetch } from '../../../client/connection/long-poll.js';
import { pollPath } from '../../../shared/native/over-http.js';
import { systemClock } from '../../../shared/clock.js';
import type { ContractClient } from './transport-contract.js';

/** Opens a session. Resolves when it is open. */
export function connectPolling(fetchImpl: Fetch, url: string): Promise<ContractClient> {
  const frames: Uint8Array[] = [];
  let closed: ContractClient['closed'];
  let reading = Promise.resolve();
  let resume = (): void => {};
  /** An answer that comes while nothing is read is read later; nothing more is asked for meanwhile. */
  const gated: Fetch = async (path, init) => {
    const isPoll = path.endsWith(pollPath);
    if (isPoll) await reading;
    const response = await fetchImpl(path, init);
    if (isPoll) await reading;
    return response;
  };
  return new Promise((resolve, reject) => {
    const socket = longPoll(gated, systemClock)(url, {
      opened: () => resolve(client),
      frame: (frame) => void frames.push(frame),
      closed: (code, reason) => {
        closed = { code, reason };
        reject(new Error(`${code} ${reason}`));
      },
    });
    const client: ContractClient = {
      subprotocol: '',
      frames,
      get closed() {
        return closed;
      },
      send: (data) => socket.send(typeof data === 'string' ? new Uint8Array(Buffer.from(data)) : data),
      close: () => socket.close(),
      abandon: () => socket.close(),
      stopReading: () => {
        reading = new Promise((read) => (resume = read));
      },
      resumeReading: () => resume(),
    };
    onTestFinished(() => {
      resume();
      socket.close();
    });
  });
}
