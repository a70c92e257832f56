// The issuer's published keys: fetched when first needed, kept while the issuer is down, and asked for again at a pace
// that no token can set.

import { createRemoteJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose';

import type { Clock } from '../../shared/clock.js';
import { SyncError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logger.js';
import { ConfigError } from '../errors.js';
import type { KeysState } from './authenticator.js';
import { withoutTokens } from './token-shape.js';

/** Age at which the keys are fetched again, in the background. */
const freshenAfterMs = 5 * 60_000;
/** Keys of this age are fetched again before they are used: how long a withdrawn key may live while the issuer answers. */
const maxAgeMs = 10 * 60_000;
/** Least time between two requests, whatever tokens come in: an unknown key id asks for a request, bad ones too. */
const minPauseMs = 10_000;
/** The same while there are no keys at all, so that a server that starts before its issuer is soon of use. */
const minFirstPauseMs = 1000;
const timeoutMs = 5000;
/** Characters of a key id that go into the log. */
const maxKidLength = 200;

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
  readonly #logger: Logger;
  readonly #href: string;
  /** For the log. */
  readonly #url: string;
  readonly #changed: () => void;
  #refreshing: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #loaded: string | undefined;
  /** The last request has failed. */
  #hasFailed = false;
  /** It was said that a token had to be refused because of the pause. */
  #isPauseTold = false;

  /** `changed` is called when a fetch brought other keys than those held. Throws ConfigError for a bad URL. */
  constructor(url: string, deps: { clock: Clock; logger: Logger; changed: () => void }) {
    const parsed = parseJwksUrl(url);
    // When to fetch is decided here, with our clock; jose fetches and picks.
    this.#remote = createRemoteJWKSet(parsed, {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: Number.POSITIVE_INFINITY,
      timeoutDuration: timeoutMs,
    });
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#changed = deps.changed;
    // A key may be in the rest of it.
    this.#href = parsed.href;
    this.#url = `${parsed.origin}${parsed.pathname}`;
  }

  /** What there is to check tokens with. While there is nothing, this asks for the keys, at the pace of all requests. */
  get state(): KeysState {
    if (this.#loaded === undefined) void this.#refresh();
    if (this.#loaded === undefined) return 'missing';
    return this.#hasFailed ? 'old' : 'at hand';
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
      if (!(await this.#refresh())) this.#tellPause(header.kid);
      return this.#remote(header, token);
    }
  }

  /**
   * Fetches in the background what has grown old. Cheap; called for every token. A promise means: the keys are too old to be used
   * before it settles. It never rejects: while the issuer does not answer, the keys at hand are used.
   */
  freshen(): Promise<unknown> | undefined {
    const ageMs = this.#clock.monotonic() - this.#loadedAt;
    if (this.#loaded === undefined || ageMs < freshenAfterMs) return undefined;
    const refreshed = this.#refresh();
    return ageMs < maxAgeMs ? undefined : refreshed;
  }

  /** Once for each pause: bad tokens must not fill the log either. */
  #tellPause(kid: string | undefined): void {
    if (this.#isPauseTold) return;
    this.#isPauseTold = true;
    const pauseMs = Math.ceil(this.#askedAt + minPauseMs - this.#clock.monotonic());
    this.#logger.warn(
      {
        url: this.#url,
        kid: kid === undefined ? undefined : withoutTokens(kid).slice(0, maxKidLength),
        pauseMs,
      },
      'a token names a key that is not known, and the issuer was asked a moment ago: it is refused until the pause is over',
    );
  }

  /** Joins the request under way, or makes one if the last is long enough ago. False where it is not. Never rejects. */
  async #refresh(): Promise<boolean> {
    const now = this.#clock.monotonic();
    const pauseMs = this.#loaded === undefined ? minFirstPauseMs : minPauseMs;
    if (this.#refreshing === undefined && now - this.#askedAt < pauseMs) return false;
    if (this.#refreshing === undefined) [this.#askedAt, this.#isPauseTold] = [now, false];
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
    return true;
  }

  /** At the pace of the requests. */
  #failed(error: unknown): void {
    this.#hasFailed = true;
    const cause = causeOf(error).replaceAll(this.#href, this.#url);
    const fields = { url: this.#url, cause, hasKeys: this.#loaded !== undefined };
    if (this.#loaded === undefined)
      this.#logger.error(fields, "the token issuer's keys cannot be fetched: nobody is let in");
    else this.#logger.warn(fields, "the token issuer's keys cannot be fetched: those at hand are used");
  }

  async #fetch(): Promise<void> {
    try {
      await this.#remote.reload();
    } catch (error) {
      this.#failed(error);
      return; // the keys at hand stay in use
    }
    if (this.#hasFailed)
      this.#logger.info({ url: this.#url }, "the token issuer's keys can be fetched again");
    this.#hasFailed = false;
    this.#loadedAt = this.#clock.monotonic();
    const loaded = JSON.stringify(this.#remote.jwks());
    const isOther = loaded !== this.#loaded;
    this.#loaded = loaded;
    if (isOther) this.#changed();
  }
}

/** The deepest cause says most: the outer ones, that something failed. */
function causeOf(error: unknown): string {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  if (!(deepest instanceof Error)) return String(deepest);
  const code = 'code' in deepest && typeof deepest.code === 'string' ? deepest.code : deepest.name;
  return deepest.message === '' ? code : `${code}: ${deepest.message}`;
}

function parseJwksUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new ConfigError('the JWKS URL must be an http or https URL');
  }
  if (url.username !== '' || url.password !== '')
    throw new ConfigError('the JWKS URL must not hold a user and a password: they cannot be sent so');
  return url;
}
