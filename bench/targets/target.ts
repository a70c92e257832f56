// A server to be measured: how to start it, and what may be asked of it.

import type { ProtocolName } from '../protocol/protocol.js';

/** What a scenario may need of a server. `sync`: it keeps documents and answers sync requests. `storage`: it keeps them on
 * disk. `durable`: what it acknowledges is on disk. `process`: its CPU and memory can be read. `restart`: it can be stopped
 * and started on the same data. */
export type Capability =
  'sync' | 'awareness' | 'acknowledgements' | 'storage' | 'durable' | 'process' | 'restart';

/** All that the load process knows of a running server. Plain data: it crosses a process boundary. */
export interface Endpoint {
  /** `ws://` or `wss://`, without a document. */
  readonly url: string;
  readonly protocol: ProtocolName;
  /** Sent with every connection; as the second subprotocol for y-websocket, in the first message for others. */
  readonly token?: string;
  /** The server's process, where it runs on this machine. */
  readonly pid?: number;
}

export interface Target {
  /** Short, unique, for tables: `heddle`, `hocuspocus+sqlite`. */
  readonly name: string;
  /** One line: what runs, with versions and settings. */
  readonly description: string;
  readonly capabilities: ReadonlySet<Capability>;
  /** Makes it ready to start: installs what is missing, into the bench's own folder. Throws TargetUnavailable. */
  prepare(progress: (line: string) => void): Promise<void>;
  /** Starts it with an empty store. Resolves when it listens. */
  start(): Promise<RunningTarget>;
}

export interface RunningTarget {
  readonly endpoint: Endpoint;
  /** Ends the process as an operator would (SIGTERM), keeps its data. */
  halt(): Promise<void>;
  /** Starts it again on its data and the same port. Resolves as soon as the process exists, before it listens. */
  resume(): Promise<Endpoint>;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/** A target cannot run here; the message says why and what would help. The rest of the bench goes on without it. */
export class TargetUnavailable extends Error {
  override readonly name = 'TargetUnavailable';
}
