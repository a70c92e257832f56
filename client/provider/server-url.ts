// The address of a server, as an application writes it.

import { SyncError } from '../../shared/errors.js';

/** What a socket is opened with, for each scheme that an address may have. */
const schemes: Readonly<Record<string, string>> = {
  'ws:': 'ws:',
  'wss:': 'wss:',
  'http:': 'ws:',
  'https:': 'wss:',
};

/**
 * The address of the native protocol: http:// is taken for ws://, https:// for wss://, and in a page a path such as `/sync` is
 * one on the page's own host. Throws SyncError NAME_INVALID for what is no address of a server.
 */
export function serverUrl(url: string): string {
  if (lacksScheme(url)) {
    const scheme = /^(?:localhost|[\d.]+)(?:[:/?#]|$)/.test(url) ? 'ws' : 'wss';
    throw notAnAddress(url, `: it has no scheme. Write ${scheme}://${url}`);
  }
  const parsed = parse(url);
  const scheme = schemes[parsed.protocol];
  if (scheme === undefined)
    throw notAnAddress(url, ': it begins with none of wss://, ws://, https:// and http://');
  parsed.protocol = scheme;
  return parsed.href;
}

/** A host with a port or a dot, where a browser would read a scheme or a path. */
function lacksScheme(url: string): boolean {
  return /^(?:[\w-]+\.)*[\w-]+:\d+(?:[/?#]|$)/.test(url) || /^(?:[\w-]+\.)+[\w-]+(?:[/?#]|$)/.test(url);
}

function parse(url: string): URL {
  try {
    return new URL(url, (globalThis as { location?: Location }).location?.href);
  } catch (error) {
    throw notAnAddress(url, '', error);
  }
}

function notAnAddress(url: string, why: string, cause?: unknown): SyncError {
  return new SyncError('NAME_INVALID', `${url} is not the address of a server${why}`, { cause });
}
