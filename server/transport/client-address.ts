// Whose connection a request is: the address of the socket, or, where the socket is that of a proxy the operator trusts,
// the address that the proxy names in `Forwarded` (RFC 7239) or `X-Forwarded-For`.

import { BlockList, isIP } from 'node:net';

import { ConfigError } from '../errors.js';

/** What the address of a client is read from: the socket's own address, and the headers of the request. */
export type ReadClientAddress = (
  socketAddress: string,
  header: (name: string) => string | undefined,
) => string;

/** More addresses in a header are not read: a proxy adds one, and nobody has so many proxies in a row. */
const maxHops = 32;

/**
 * Makes the reader. `trustedProxies` are IP addresses and networks such as '10.0.0.0/8'. What a trusted proxy says is
 * believed, from the right end of the header on, as long as the hop before is trusted too. Without trusted proxies the
 * headers count for nothing, because every client can write them. Throws ConfigError for what is no address or network.
 */
export function clientAddressReader(trustedProxies: readonly string[]): ReadClientAddress {
  if (trustedProxies.length === 0) return (socketAddress) => socketAddress;
  const trusted = blockListOf(trustedProxies);
  const isTrusted = (address: string): boolean =>
    trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (socketAddress, header) => {
    if (isIP(socketAddress) === 0 || !isTrusted(socketAddress)) return socketAddress;
    let client = socketAddress;
    for (const hop of hopsOf(header)) {
      const address = addressIn(hop);
      // What a proxy does not know, or hides, ends the chain: what stands further left is anybody's word.
      if (address === undefined) return client;
      client = address;
      if (!isTrusted(address)) return client;
    }
    return client;
  };
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

/** The clients of the proxies, the nearest proxy's first. `Forwarded` goes before `X-Forwarded-For`. */
function hopsOf(header: (name: string) => string | undefined): string[] {
  const forwarded = header('forwarded');
  const hops =
    forwarded === undefined
      ? (header('x-forwarded-for') ?? '').split(',')
      : forwarded.split(',').map((element) => /(?:^|;)\s*for=\s*("[^"]*"|[^;\s]+)/i.exec(element)?.[1] ?? '');
  const known = hops.map((hop) => hop.trim().replace(/^"(.*)"$/, '$1'));
  const nearest = known.length === 1 && known[0] === '' ? [] : known.slice(-maxHops);
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
