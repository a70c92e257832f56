// A server that somebody else runs: any URL. It is neither started nor stopped, and may hold documents already.

import { connect } from 'node:net';
import type { ProtocolName } from '../protocol/protocol.js';
import { canReadProcess } from './process-target.js';
import { TargetUnavailable, type Capability, type Endpoint, type Target } from './target.js';

export interface ExternalTargetOptions {
  /** `ws://` or `wss://`, without a document. */
  readonly url: string;
  readonly protocol: ProtocolName;
  /** Its process, where it runs on this machine: then its CPU and memory are measured. */
  readonly pid?: number;
  readonly token?: string;
  /** Default: the URL's host. */
  readonly name?: string;
  /** What it is known to do, but `process` and `restart`. Default: sync and awareness, and what native clients are promised. */
  readonly capabilities?: readonly Capability[];
}

const maxConnectMs = 5_000;

const stock = ['sync', 'awareness'] as const;
const usual: Readonly<Record<ProtocolName, readonly Capability[]>> = {
  'y-websocket': stock,
  hocuspocus: stock,
  native: [...stock, 'acknowledgements', 'durable'],
};

/** Throws TypeError when the URL is none of a WebSocket. */
export function externalTarget(options: ExternalTargetOptions): Target {
  const { protocol, pid, token, capabilities = usual[protocol] } = options;
  const url = readUrl(options.url);
  const endpoint: Endpoint = {
    url: url.href.replace(/\/+$/, ''),
    protocol,
    ...(token === undefined ? {} : { token }),
    ...(pid === undefined ? {} : { pid }),
  };
  const measured: Capability[] = pid !== undefined && canReadProcess(pid) ? ['process'] : [];
  return {
    name: options.name ?? url.host,
    description: `the server at ${endpoint.url}, ${protocol} protocol`,
    capabilities: new Set([...capabilities, ...measured]),
    async prepare() {
      if (pid !== undefined && !canReadProcess(pid))
        throw new TargetUnavailable(`there is no process ${pid} here whose CPU and memory can be read`);
      await checkListening(url);
    },
    async start() {
      return { endpoint, halt: cannot, resume: cannot, stop: async () => {} };
    },
  };
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:')
    throw new TypeError(`${JSON.stringify(text)} is not the URL of a WebSocket server: ws://host:port`);
  return url;
}

async function cannot(): Promise<never> {
  throw new Error('the bench does not stop or start a server that it did not start');
}

/** Throws TargetUnavailable when nobody listens there. */
async function checkListening({ hostname, port, protocol, host }: URL): Promise<void> {
  const standardPort = protocol === 'wss:' ? 443 : 80;
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? standardPort : Number(port),
    timeout: maxConnectMs,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
      socket.once('timeout', () => reject(new Error(`no answer within ${maxConnectMs / 1000} s`)));
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TargetUnavailable(`nothing listens at ${host}: ${why}`, { cause });
  } finally {
    socket.destroy();
  }
}
