// A target that the bench starts itself: a fresh process on an empty data folder, at a port it keeps.

import type { ProtocolName } from '../protocol/protocol.js';
import { usageOf } from '../process-usage.js';
import { makeDataFolder, type TemporaryFolder } from './bench-home.js';
import { freePort } from './free-port.js';
import { ServerProcess, type ServerCommand } from './start-process.js';
import type { Capability, Endpoint, RunningTarget, Target } from './target.js';

/** Where a server is to listen and to keep its data. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly data: string;
}

export interface Launch extends ServerCommand {
  readonly token?: string;
}

export interface ProcessTargetOptions {
  readonly name: string;
  readonly description: string;
  readonly protocol: ProtocolName;
  /** But `process`, which is the machine's. */
  readonly capabilities: readonly Capability[];
  prepare(progress: (line: string) => void): Promise<void>;
  /** How to start it there; asked once for each fresh start. */
  launch(place: Place): Promise<Launch> | Launch;
}

const host = '127.0.0.1';
/** What is written in the end must be on disk before it counts as halted. */
const haltPatienceMs = 30_000;
const stopPatienceMs = 5_000;

export function processTarget({ protocol, launch, ...target }: ProcessTargetOptions): Target {
  const own: Capability[] = canReadProcess(process.pid) ? ['process'] : [];
  return {
    name: target.name,
    description: target.description,
    capabilities: new Set([...target.capabilities, ...own]),
    prepare: (progress) => target.prepare(progress),
    async start() {
      const folder = await makeDataFolder();
      try {
        const place = { host, port: await freePort(host), data: folder.path };
        return await StartedTarget.start(protocol, place, await launch(place), folder);
      } catch (error) {
        await folder.remove();
        throw error;
      }
    },
  };
}

/** Whether the use of CPU and memory of a process can be read here. */
export function canReadProcess(pid: number): boolean {
  try {
    usageOf(pid);
    return true;
  } catch {
    return false;
  }
}

class StartedTarget implements RunningTarget {
  endpoint: Endpoint;
  readonly #launch: Launch;
  readonly #folder: TemporaryFolder;
  #process: ServerProcess | undefined;

  static async start(
    protocol: ProtocolName,
    place: Place,
    launch: Launch,
    folder: TemporaryFolder,
  ): Promise<RunningTarget> {
    const server = await ServerProcess.start(launch);
    try {
      await server.listening();
    } catch (error) {
      await server.end(stopPatienceMs).catch(() => {}); // What it said at its start tells more than how it ended.
      throw error;
    }
    const { token } = launch;
    const endpoint = {
      url: `ws://${place.host}:${place.port}`,
      protocol,
      ...(token === undefined ? {} : { token }),
    };
    return new StartedTarget(endpoint, launch, folder, server);
  }

  private constructor(endpoint: Endpoint, launch: Launch, folder: TemporaryFolder, server: ServerProcess) {
    this.endpoint = { ...endpoint, pid: server.pid };
    this.#launch = launch;
    this.#folder = folder;
    this.#process = server;
  }

  async halt(): Promise<void> {
    const how = await this.#end(haltPatienceMs);
    if (how === 'killed')
      throw new Error(`the server had to be killed: it did not end within ${haltPatienceMs / 1000} s`);
  }

  async resume(): Promise<Endpoint> {
    if (this.#process !== undefined) throw new Error('the server is running');
    this.#process = await ServerProcess.start(this.#launch);
    this.endpoint = { ...this.endpoint, pid: this.#process.pid };
    return this.endpoint;
  }

  async stop(): Promise<void> {
    try {
      await this.#end(stopPatienceMs);
    } finally {
      await this.#folder.remove();
    }
  }

  /** Undefined when it was not running. */
  async #end(patienceMs: number): Promise<'ended' | 'killed' | undefined> {
    const server = this.#process;
    this.#process = undefined;
    return server?.end(patienceMs);
  }
}
