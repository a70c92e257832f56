// The transport on an application's own HTTP server: upgrades and requests under one path are ours, and all others stay the
// application's, whoever listens for them and since when.
//
// Listeners cannot be kept from each other: a server gives each event to all of them, and other WebSocket packages answer
// whatever upgrade is not theirs with an error. So the server's own `emit` is replaced while we are attached, and what is ours
// is taken before any listener sees it.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket as Stream } from 'node:net';

import { pathBelow } from '../base-path.js';
import { createParts, type PartsOptions, type TransportParts } from '../transport-parts.js';
import type {
  Socket,
  Transport,
  TransportDependencies,
  TransportHandler,
  TransportOptions,
} from '../transport.js';
import {
  asksForWebSocket,
  copyHead,
  exchangeOf,
  ignoreUpgrade,
  refuseUpgrade,
  type Target,
  targetOf,
  type UpgradeChoice,
} from './http.js';
import { NodeSockets } from './sockets.js';
import { NodeUpgrades } from './upgrade.js';

export interface AttachOptions extends PartsOptions, Pick<TransportOptions, 'idleTimeoutS'> {
  /** The application's server, of http or https, listening or not yet. */
  readonly server: Server;
  /** What is ours, with a slash before and none behind: '/sync'. The handler sees paths without it. */
  readonly basePath: string;
}

/** Attaches to the server. Throws ConfigError when a trusted proxy is no address. */
export function attachNode(
  options: AttachOptions,
  handler: TransportHandler,
  dependencies: TransportDependencies,
): Transport {
  const sockets = new NodeSockets(options, dependencies);
  const parts = createParts(options, handler, dependencies, sockets.polled);
  const upgrades = new NodeUpgrades({ ...parts, options, sockets });
  return new AttachedTransport(options, { sockets, parts, upgrades });
}

interface AttachedDeps {
  readonly sockets: NodeSockets;
  readonly parts: TransportParts;
  readonly upgrades: NodeUpgrades;
}

type Emit = Server['emit'];
type Choose = NonNullable<UpgradeChoice['shouldUpgradeCallback']>;
/** On a listener of ours, which does nothing: whether the request is for the one that has put it there. */
const claims = Symbol('the requests that Heddle claims');
interface Claiming {
  readonly [claims]?: (request: IncomingMessage) => boolean;
}

/**
 * listening: takes all that is ours. draining: refuses upgrades, and answers requests. detached: takes nothing any more.
 *
 * | state     | stopListening | close    |
 * | --------- | ------------- | -------- |
 * | listening | draining      | detached |
 * | draining  | nothing       | detached |
 * | detached  | nothing       | nothing  |
 */
type State = 'listening' | 'draining' | 'detached';

class AttachedTransport implements Transport {
  readonly #server: Server & UpgradeChoice;
  readonly #basePath: string;
  readonly #deps: AttachedDeps;
  readonly #emitBefore: Emit;
  readonly #emit: Emit;
  /** Undefined where Node does not ask. */
  readonly #chooseBefore: Choose | undefined;
  readonly #choose: Choose = (request) => this.#isToUpgrade(request);
  /** Node tells of upgrades only if somebody listens for them. */
  readonly #claiming = Object.assign(() => {}, {
    [claims]: (request: IncomingMessage) => this.#isOurs(request),
  } satisfies Claiming);
  #state: State = 'listening';

  constructor({ server, basePath }: Pick<AttachOptions, 'server' | 'basePath'>, deps: AttachedDeps) {
    this.#server = server;
    this.#basePath = basePath;
    this.#deps = deps;
    this.#emitBefore = Reflect.get(server, 'emit');
    this.#emit = this.#emitOf(this.#emitBefore);
    server.emit = this.#emit;
    server.on('upgrade', this.#claiming);
    this.#chooseBefore = this.#server.shouldUpgradeCallback;
    if (this.#chooseBefore !== undefined) this.#server.shouldUpgradeCallback = this.#choose;
  }

  /** 0 while the application's server listens on no port. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  publish(topic: string, frame: Uint8Array, except?: Socket): void {
    this.#deps.sockets.publish(topic, frame, except);
  }

  subscribers(topic: string): number {
    return this.#deps.sockets.count(topic);
  }

  stopListening(): void {
    if (this.#state === 'listening') this.#state = 'draining';
  }

  close(): void {
    if (this.#state === 'detached') return;
    this.#state = 'detached';
    // If somebody has replaced one of them after us, ours stays below theirs and takes nothing any more.
    if (this.#server.emit === this.#emit) this.#server.emit = this.#emitBefore;
    if (this.#chooseBefore !== undefined && this.#server.shouldUpgradeCallback === this.#choose)
      this.#server.shouldUpgradeCallback = this.#chooseBefore;
    this.#server.removeListener('upgrade', this.#claiming);
    this.#deps.parts.longPoll.close();
    this.#deps.sockets.terminateAll();
  }

  #emitOf(before: Emit): Emit {
    const take = (event: unknown, args: readonly unknown[]): boolean => this.#take(event, args);
    return function emit(this: Server, ...all: unknown[]): boolean {
      const [event, ...args] = all;
      return take(event, args) || (Reflect.apply(before, this, all) as boolean);
    } as Emit;
  }

  /** Takes an event of the server if it is ours. */
  #take(event: unknown, args: readonly unknown[]): boolean {
    if (this.#state === 'detached') return false;
    if (event !== 'request' && event !== 'checkContinue' && event !== 'upgrade') return false;
    const request = args[0] as IncomingMessage;
    const target = targetOf(request);
    const isOurs = this.#isBelow(target);
    if (event === 'upgrade') {
      const [, stream, rest] = args as [IncomingMessage, Stream, Buffer];
      if (!isOurs) return this.#leaveUpgrade(request, stream, rest);
      return this.#takeUpgrade(request, { stream, rest, target });
    }
    if (!isOurs) return false;
    const response = args[1] as ServerResponse;
    if (event === 'checkContinue') response.writeContinue();
    const { parts, sockets } = this.#deps;
    parts.requests.take(
      copyHead(request, target, parts.readAddress),
      exchangeOf(request, response, sockets.clock),
    );
    return true;
  }

  #takeUpgrade(
    request: IncomingMessage,
    { stream, rest, target }: { readonly stream: Stream; readonly rest: Buffer; readonly target: Target },
  ): boolean {
    if (!asksForWebSocket(request)) ignoreUpgrade(this.#server, request, stream, rest);
    else if (this.#state === 'listening') this.#deps.upgrades.take(request, stream, rest, target);
    else refuseUpgrade(stream, { status: 503, body: 'the server is shutting down' });
    return true;
  }

  #isOurs(request: IncomingMessage): boolean {
    return this.#isBelow(targetOf(request));
  }

  #isBelow({ path }: Target): boolean {
    return pathBelow(this.#basePath, path) !== undefined;
  }

  /** Whether a request that offers an upgrade is upgraded. Asked by Node, where it asks. */
  #isToUpgrade(request: IncomingMessage): boolean {
    if (this.#state !== 'detached' && this.#isOurs(request)) return asksForWebSocket(request);
    // Node's own choice asks whether anybody listens, and we do.
    if (this.#state !== 'detached' && !this.#isWanted(request)) return false;
    return this.#chooseBefore?.call(this.#server, request) ?? true;
  }

  /** Whether a listener of the application's wants upgrades, or another Heddle this one. */
  #isWanted(request: IncomingMessage): boolean {
    const listeners = this.#server.listeners('upgrade') as unknown as readonly Claiming[];
    return listeners.some(({ [claims]: claim }) => claim === undefined || claim(request));
  }

  /** An upgrade that is not ours, and that no listener of the application wants, stays the plain request that it is too. */
  #leaveUpgrade(request: IncomingMessage, stream: Stream, rest: Buffer): boolean {
    if (this.#isWanted(request)) return false;
    ignoreUpgrade(this.#server, request, stream, rest);
    return true;
  }
}
