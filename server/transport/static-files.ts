// Serves a folder of built pages from memory. Knows files and HTTP headers, nothing of documents.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { ConfigError } from '../errors.js';
import type { HttpReply, HttpRequest } from './transport.js';

/** Answers requests for files. */
export interface StaticFiles {
  /** Undefined if there is no such file, or the method is not one for reading. */
  reply(request: Pick<HttpRequest, 'method' | 'path' | 'header'>): HttpReply | undefined;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

const compressible = /^(?:text\/|application\/(?:json|manifest|wasm)|image\/svg)/;

/** Below this compressing saves nothing. */
const minCompressedBytes = 512;

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

const usualPolicy = "default-src 'self'; connect-src 'self' ws: wss:";

/** The policy a page has in itself, such as one whose script is inside it: both would hold, and nothing could run. */
function policyOf(type: string, body: Uint8Array): string {
  if (!type.startsWith('text/html')) return usualPolicy;
  const own = /<meta http-equiv="content-security-policy" content="([^"]+)"/i.exec(
    Buffer.from(body).toString(),
  );
  return own?.[1] ?? usualPolicy;
}

type Encoding = 'br' | 'gzip' | 'identity';

/**
 * Reads a folder once and serves it from memory; changes on disk show after a restart. What lies under `assets/` has a
 * hash in its name and may be kept for ever; everything else is asked for again each time, which costs a 304. Throws
 * ConfigError if the folder cannot be read.
 */
export function createStaticFiles(directory: string): StaticFiles {
  const files = readFolder(directory);
  return {
    reply({ method, path, header }) {
      if (method !== 'GET' && method !== 'HEAD') return undefined;
      // Paths are looked up, never joined to the folder's: nothing outside it can be named.
      const name = decoded(path);
      const file = files.get(name);
      if (file !== undefined) return file.reply(header('if-none-match'), header('accept-encoding') ?? '');
      return name !== '' && files.has(`${name}/`) ? toFolder(path) : undefined;
    },
  };
}

function readFolder(directory: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  try {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath ?? entry.path, entry.name);
      const path = `/${relative(directory, file).split(sep).join('/')}`;
      const served = new StaticFile(path, readFileSync(file));
      files.set(path, served);
      if (path.endsWith('/index.html')) files.set(path.slice(0, -'index.html'.length), served);
    }
  } catch (error) {
    throw new ConfigError(`the folder ${directory} cannot be read`, { cause: error });
  }
  return files;
}

/** A folder's page finds what belongs to it by the folder's address, which ends in a slash. Relative: a proxy may stand before. */
export function toFolder(path: string): HttpReply {
  const location = `${path.slice(path.lastIndexOf('/') + 1)}/`;
  return { status: 307, headers: { location, 'cache-control': 'no-cache', ...securityHeaders }, body: '' };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** One file and its compressed forms, each made when it is first asked for. */
class StaticFile {
  readonly #bodies = new Map<Encoding, Uint8Array>();
  readonly #headers: Readonly<Record<string, string>>;
  readonly #etag: string;
  readonly #isCompressible: boolean;

  constructor(path: string, body: Uint8Array) {
    const type = contentTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';
    this.#bodies.set('identity', body);
    this.#isCompressible = body.length >= minCompressedBytes && compressible.test(type);
    this.#etag = createHash('sha256').update(body).digest('base64url').slice(0, 22);
    this.#headers = {
      'content-type': type,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(this.#isCompressible ? { vary: 'accept-encoding' } : {}),
      ...securityHeaders,
      'content-security-policy': policyOf(type, body),
    };
  }

  reply(ifNoneMatch: string | undefined, acceptEncoding: string): HttpReply {
    const encoding = this.#isCompressible ? chooseEncoding(acceptEncoding) : 'identity';
    // A strong tag names bytes, and each encoding has its own.
    const etag = `"${this.#etag}${encoding === 'identity' ? '' : `-${encoding}`}"`;
    const headers = { ...this.#headers, etag };
    if (matches(ifNoneMatch, etag)) return { status: 304, headers };
    const body = this.#body(encoding);
    return encoding === 'identity'
      ? { status: 200, headers, body }
      : { status: 200, headers: { ...headers, 'content-encoding': encoding }, body };
  }

  #body(encoding: Encoding): Uint8Array {
    const made = this.#bodies.get(encoding);
    if (made !== undefined) return made;
    const plain = this.#bodies.get('identity') ?? new Uint8Array();
    const body =
      encoding === 'gzip'
        ? gzipSync(plain)
        : brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
    this.#bodies.set(encoding, body);
    return body;
  }
}

function chooseEncoding(acceptEncoding: string): Encoding {
  const accepted = acceptEncoding
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => !/;\s*q=0(?:\.0*)?$/.test(part))
    .map((part) => part.split(';')[0]);
  if (accepted.includes('br')) return 'br';
  return accepted.includes('gzip') ? 'gzip' : 'identity';
}

/** If-None-Match compares weakly: a proxy that compresses makes our tag a weak one. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((part) => {
    const tag = part.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
