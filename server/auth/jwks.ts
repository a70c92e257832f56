// The issuer's published keys: fetched when first needed, kept while the issuer is down, and asked for again at a pace
// that no token can set.

import { createRemoteJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose';

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import { ConfigError } from '../errors.js';

/** Age at which the keys are fetched again, in the background. Also how long a withdrawn key may live. */
const maxAgeMs = 10 * 60_000;
/** Least time between two requests, whatever tokens come in: an unknown key id asks for a request, bad ones too. */
const minPauseMs = 10_000;
/** The same while there are no keys at all, so that a server that starts before its issuer is soon of use. */
const minFirstPauseMs = 1000;
const timeoutMs = 5000;

const algorithmsForJwks = new Set(
  'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' '),
);

/** Algorithms believed for published keys. Throws ConfigError for those with a shared secret, and for unknown ones. */
export function jwksAlgorithms(wanted: readonly string[] = ['RS256', 'ES256', 'EdDSA', 'Ed25519']): string[] {
  if (wanted.length === 0) throw new ConfigError('the list of JWT algorithms is empty');
  for (const algorithm of wanted) {
    if (!algorithmsForJwks.has(algorithm)) {
      throw new ConfigError(
        `JWT algorithm ${algorithm} does not fit a JWKS (${[...algorithmsForJwks].join(', ')})`,
      );
    }
  }
  return [...wanted];
}

/** Key lookup for jose, by the header of a token. */
export class JwksKeys {
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  readonly #clock: Clock;
  readonly #changed: () => void;
  #refreshing: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #loaded: string | undefined;

  /** `changed` is called when a fetch brought other keys than those held. Throws ConfigError for a bad URL. */
  constructor(url: string, clock: Clock, changed: () => void) {
    // When to fetch is decided here, with our clock; jose fetches and picks.
    this.#remote = createRemoteJWKSet(parseJwksUrl(url), {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: Number.POSITIVE_INFINITY,
      timeoutDuration: timeoutMs,
    });
    this.#clock = clock;
    this.#changed = changed;
  }

  /** The key a token names. Throws jose's JWKSNoMatchingKey, or SyncError INTERNAL while no keys could be fetched. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#loaded === undefined) await this.#refresh();
    if (this.#loaded === undefined)
      throw new SyncError('INTERNAL', "the token issuer's keys cannot be fetched");
    try {
      return await this.#remote(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      return this.#remote(header, token);
    }
  }

  /** Fetches in the background what has grown old. Cheap; called for every token. */
  freshen(): void {
    if (this.#loaded === undefined || this.#clock.monotonic() - this.#loadedAt < maxAgeMs) return;
    void this.#refresh();
  }

  /** Joins the request under way, or makes one if the last is long enough ago. Never rejects. */
  async #refresh(): Promise<void> {
    const now = this.#clock.monotonic();
    const pauseMs = this.#loaded === undefined ? minFirstPauseMs : minPauseMs;
    if (this.#refreshing === undefined && now - this.#askedAt < pauseMs) return;
    if (this.#refreshing === undefined) this.#askedAt = now;
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
  }

  async #fetch(): Promise<void> {
    try {
      await this.#remote.reload();
    } catch {
      return; // the keys at hand stay in use
    }
    this.#loadedAt = this.#clock.monotonic();
    const loaded = JSON.stringify(this.#remote.jwks());
    const isOther = loaded !== this.#loaded;
    this.#loaded = loaded;
    if (isOther) this.#changed();
  }
}

function parseJwksUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new ConfigError('the JWKS URL must be an http or https URL');
  }
  return url;
}
