// Whose connection a request is: the address of the socket, or, where the socket is that of a proxy the operator trusts,
// the address that the proxy names in `Forwarded` (RFC 7239) or `X-Forwarded-For`. Says once in the log what is wrong with that.

import { BlockList, isIP } from 'node:net';

import { silentLogger, type Logger } from '../../shared/logger.js';
import { ConfigError } from '../errors.js';

/** What the address of a client is read from: the socket's own address, and the headers of the request. */
export type ReadClientAddress = (
  socketAddress: string,
  header: (name: string) => string | undefined,
) => string;

/** Where a proxy of the operator's own has its address, if it is no public one. */
const ownNetworks = blockListOf([
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1',
  'fc00::/7',
]);

/** More addresses in a header are not read: a proxy adds one, and nobody has so many proxies in a row. */
const maxHops = 32;

/**
 * Makes the reader. `trustedProxies` are IP addresses and networks such as '10.0.0.0/8'. What a trusted proxy says is
 * believed, from the right end of the header on, as long as the hop before is trusted too. Without trusted proxies the
 * headers count for nothing, because every client can write them. A proxy sets one of the two headers, and most pass the other
 * on as the client has written it: where the two contradict each other the client has the address of the proxy. Throws
 * ConfigError for what is no address or network.
 */
export function clientAddressReader(
  trustedProxies: readonly string[],
  logger: Logger = silentLogger,
): ReadClientAddress {
  const trusted = blockListOf(trustedProxies);
  const warnings = new ProxyWarnings(logger);
  return (socketAddress, header) => {
    const forwarded = header('forwarded');
    const xForwardedFor = header('x-forwarded-for');
    if (forwarded === undefined && xForwardedFor === undefined) return socketAddress;
    if (!holds(trusted, socketAddress)) {
      if (holds(ownNetworks, socketAddress)) warnings.untrusted(socketAddress);
      return socketAddress;
    }
    const [named, ...others] = [
      ...(forwarded === undefined ? [] : [clientOf(socketAddress, hopsOfForwarded(forwarded), trusted)]),
      ...(xForwardedFor === undefined ? [] : [clientOf(socketAddress, xForwardedFor.split(','), trusted)]),
    ];
    if (named !== undefined && others.every((other) => other === named)) return named;
    warnings.contradiction(socketAddress);
    return socketAddress;
  };
}

/** What is told once, however many requests it is true of. */
class ProxyWarnings {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  untrusted(proxy: string): void {
    const what =
      'a proxy names its clients, and is not trusted: all of them count as one address, in limits too. If it is yours, start the server with its address as --trusted-proxy';
    this.#tell(proxy, what);
  }

  contradiction(proxy: string): void {
    const what =
      'Forwarded and X-Forwarded-For name different clients: these count with the address of the proxy. Have the proxy remove the header that it does not set';
    this.#tell(proxy, what);
  }

  #tell(proxy: string, what: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#logger.warn({ proxy }, what);
  }
}

function holds(list: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** `named`: the hops that the header names, the nearest last. */
function clientOf(socketAddress: string, named: readonly string[], trusted: BlockList): string {
  let client = socketAddress;
  for (const hop of nearestFirst(named)) {
    const address = addressIn(hop);
    // What a proxy does not know, or hides, ends the chain: what stands further left is anybody's word.
    if (address === undefined) return client;
    client = address;
    if (!holds(trusted, address)) return client;
  }
  return client;
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/');
    const version = isIP(address);
    const length = bits === undefined ? undefined : Number(bits);
    const maxLength = version === 6 ? 128 : 32;
    const isLength = length === undefined || (/^\d{1,3}$/.test(bits ?? '') && length <= maxLength);
    if (version === 0 || rest.length > 0 || !isLength)
      throw new ConfigError(
        `a trusted proxy is an IP address or a network such as 10.0.0.0/8, not ${JSON.stringify(entry.slice(0, 60))}`,
      );
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, length, family);
  }
  return list;
}

function hopsOfForwarded(header: string): string[] {
  return header.split(',').map((element) => /(?:^|;)\s*for=\s*("[^"]*"|[^;\s]+)/i.exec(element)?.[1] ?? '');
}

/** The clients of the proxies, the nearest proxy's first. */
function nearestFirst(hops: readonly string[]): string[] {
  const known = hops.slice(-maxHops).map((hop) => hop.trim().replace(/^"(.*)"$/, '$1'));
  const nearest = hops.length === 1 && known[0] === '' ? [] : known;
  return nearest.map((_, i) => nearest[nearest.length - 1 - i] ?? '');
}

/** An address, with or without its port, in its shortest form; undefined for `unknown` and for names that hide one. */
function addressIn(hop: string): string | undefined {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1];
  const withoutPort = /^([\d.]+):\d{1,5}$/.exec(hop)?.[1];
  const address = bracketed ?? withoutPort ?? hop;
  const version = isIP(address);
  if (version === 0 || address.includes('%')) return undefined;
  if (version === 4) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? new URL(`http://[${address}]`).hostname.slice(1, -1);
}
