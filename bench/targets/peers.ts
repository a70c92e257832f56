// The servers that Heddle is compared with, installed when they are first measured.

import { join } from 'node:path';
import type { ProtocolName } from '../protocol/protocol.js';
import { builtFile } from './built-file.js';
import { installKit } from './install-kit.js';
import { processTarget } from './process-target.js';
import type { Capability, Target } from './target.js';

interface Peer {
  readonly name: string;
  readonly description: string;
  readonly protocol: ProtocolName;
  readonly capabilities: readonly Capability[];
  readonly kit: PeerKit;
  /** Its start program, in the kit. */
  readonly program: string;
}

/** What is installed together. */
interface PeerKit {
  /** In the package's folder of peers. */
  readonly folder: string;
  readonly label: string;
}

const kit: PeerKit = { folder: '.', label: '@y/websocket-server 0.1.1 and Hocuspocus 4.7.0' };
const sqliteKit: PeerKit = { folder: 'sqlite', label: 'Hocuspocus 4.7.0 with SQLite (it is compiled)' };

/** Both keep documents and acknowledge before anything is on disk. */
const inMemory = ['sync', 'awareness', 'acknowledgements'] as const;
const onDisk = [...inMemory, 'storage', 'restart'] as const;

const yWebsocketServer = { kit, program: 'y-websocket-server.mjs', protocol: 'y-websocket' } as const;

const peers: readonly Peer[] = [
  {
    ...yWebsocketServer,
    name: 'y-websocket-server',
    description: '@y/websocket-server 0.1.1, its defaults: nothing is stored',
    capabilities: inMemory,
  },
  {
    ...yWebsocketServer,
    name: 'y-websocket-server+leveldb',
    description:
      '@y/websocket-server 0.1.1 with YPERSISTENCE: y-leveldb 0.1.2, stored after the echo, without fsync',
    capabilities: onDisk,
  },
  {
    protocol: 'hocuspocus',
    kit,
    program: 'hocuspocus.mjs',
    name: 'hocuspocus',
    description: `@hocuspocus/server 4.7.0, its defaults: nothing is stored${nodeNote()}`,
    capabilities: inMemory,
  },
  {
    protocol: 'hocuspocus',
    kit: sqliteKit,
    program: 'hocuspocus-sqlite.mjs',
    name: 'hocuspocus+sqlite',
    description:
      '@hocuspocus/server 4.7.0 with its SQLite extension on a file, its defaults: acknowledged at once, a document ' +
      `stored when it was quiet for 2 s or had changed for 10 s${nodeNote()}`,
    capabilities: onDisk,
  },
];

/** In the order of the report. */
export function peerTargets(): Target[] {
  return peers.map(peerTarget);
}

function peerTarget({ kit, program, ...peer }: Peer): Target {
  let installed: string | undefined;
  const install = async (progress: (line: string) => void): Promise<string> => {
    const folder = join(builtFile('#bench-peers'), '..', kit.folder);
    return (installed ??= await installKit({ folder, label: kit.label }, progress));
  };
  return processTarget({
    ...peer,
    prepare: async (progress) => void (await install(progress)),
    async launch({ host, port, data }) {
      const home = await install(() => {});
      return {
        command: [process.execPath, join(home, program)],
        folder: data,
        env: {
          HOST: host,
          PORT: String(port),
          ...(peer.capabilities.includes('storage') ? { DATA: data } : {}),
        },
        isReady: (line) => line.startsWith('READY'),
      };
    },
  });
}

/** It runs on older versions too, but who reads its figures should know. */
function nodeNote(): string {
  const [major = 0] = process.versions.node.split('.').map(Number);
  return major < 22 ? `; it asks for Node 22, this is ${major}` : '';
}
