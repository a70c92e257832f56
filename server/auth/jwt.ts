// Tokens become claims, with jose. Every check of A1 that a token alone can answer is here; signatures are checked once
// per token and remembered, times at every use.

import { hash } from 'node:crypto';

import { errors, jwtVerify, type FlattenedJWSInput, type JWSHeaderParameters, type JWTPayload } from 'jose';

import type { Clock } from '../../shared/clock.js';
import type { DocumentName } from '../../shared/document-name.js';
import { SyncError } from '../../shared/errors.js';
import { silentLogger, type Logger } from '../../shared/logger.js';
import { maxTokenBytes, type Access, type Claims } from '../../shared/permission.js';
import { ConfigError } from '../errors.js';
import type { AuthOptions } from '../options.js';
import type { Authenticator, AuthorizeHook, KeysState } from './authenticator.js';
import { askHook } from './authorize-hook.js';
import { claimsOf } from './claims.js';
import { accessByGrants } from './grants.js';
import { JwksKeys, jwksAlgorithms } from './jwks.js';
import { hasTokenShape } from './token-shape.js';
import { importPublicKey, importSecret, type KeysByAlgorithm } from './verification-keys.js';

/** Verified tokens remembered, the least recently used forgotten first. */
const maxVerified = 10_000;
const defaultToleranceS = 5;

type FindKey = (header: JWSHeaderParameters, token: FlattenedJWSInput) => CryptoKey | Promise<CryptoKey>;

/** What an authenticator needs besides its options. */
export interface JwtAuthenticatorContext {
  readonly clock: Clock;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Replaces the mapping of the `docs` claim. */
  readonly authorize?: AuthorizeHook | undefined;
}

/**
 * An authenticator for the one key that the options name. Keys given as text are imported here and only here. Throws
 * ConfigError for no key or several, one that is not what it is given as, and algorithms that do not fit it.
 */
export async function createJwtAuthenticator(
  options: AuthOptions,
  { clock, logger = silentLogger, authorize }: JwtAuthenticatorContext,
): Promise<Authenticator> {
  const { secret, publicKey, jwksUrl, algorithms } = options;
  if ([secret, publicKey, jwksUrl].filter((key) => key !== undefined).length !== 1) {
    throw new ConfigError('authentication takes exactly one of a secret, a public key and a JWKS URL');
  }
  if (jwksUrl !== undefined) return JwtAuthenticator.forJwks(jwksUrl, options, { clock, logger, authorize });
  const keys =
    secret === undefined
      ? await importPublicKey(publicKey ?? '', algorithms)
      : await importSecret(secret, algorithms);
  return JwtAuthenticator.forKeys(keys, options, clock, authorize);
}

class JwtAuthenticator implements Authenticator {
  readonly #options: AuthOptions;
  readonly #clock: Clock;
  readonly #hook: AuthorizeHook | undefined;
  readonly #toleranceS: number;
  #algorithms: string[] = [];
  #findKey: FindKey = () => {
    throw new errors.JWKSNoMatchingKey();
  };
  #jwks: JwksKeys | undefined;
  /** By SHA-256 of the token, so that no token lies in memory longer than its request. */
  #verified = new Map<string, Claims>();

  constructor(options: AuthOptions, clock: Clock, hook: AuthorizeHook | undefined) {
    this.#options = options;
    this.#clock = clock;
    this.#hook = hook;
    this.#toleranceS = options.clockToleranceS ?? defaultToleranceS;
  }

  static forKeys(
    keys: KeysByAlgorithm,
    options: AuthOptions,
    clock: Clock,
    hook?: AuthorizeHook,
  ): Authenticator {
    const made = new JwtAuthenticator(options, clock, hook);
    made.#algorithms = [...keys.keys()];
    made.#findKey = ({ alg }) => {
      const key = keys.get(alg ?? '');
      if (key === undefined) throw new errors.JOSEAlgNotAllowed();
      return key;
    };
    return made;
  }

  static forJwks(
    url: string,
    options: AuthOptions,
    { clock, logger, authorize }: JwtAuthenticatorContext & { logger: Logger },
  ): Authenticator {
    const made = new JwtAuthenticator(options, clock, authorize);
    made.#algorithms = jwksAlgorithms(options.algorithms);
    // A new map, not an emptied one: what is being verified with the old keys ends up in the old map.
    const changed = (): unknown => (made.#verified = new Map<string, Claims>());
    const jwks = new JwksKeys(url, { clock, logger, changed });
    made.#jwks = jwks;
    made.#findKey = (header, token) => jwks.find(header, token);
    return made;
  }

  get keys(): KeysState {
    return this.#jwks?.state ?? 'at hand';
  }

  async authenticate(token: string | undefined): Promise<Claims> {
    if (token === undefined || token === '') throw new SyncError('TOKEN_MISSING');
    if (token.length > maxTokenBytes) throw invalid(`longer than ${maxTokenBytes} bytes`);
    if (!hasTokenShape(token)) throw invalid('not a signed token');
    const freshened = this.#jwks?.freshen();
    if (freshened !== undefined) await freshened;
    const digest = hash('sha256', token, 'base64');
    const verified = this.#verified;
    const known = verified.get(digest);
    if (known === undefined) {
      const claims = await this.#verify(token);
      if (verified.size >= maxVerified) forgetOldest(verified);
      verified.set(digest, claims);
      return claims;
    }
    verified.delete(digest);
    this.#checkExpiry(known.exp);
    verified.set(digest, known);
    return known;
  }

  authorize(claims: Claims, document: DocumentName): Access | Promise<Access> {
    if (this.#hook !== undefined) return askHook(this.#hook, claims, document);
    return accessByGrants(claims.docs ?? [], document);
  }

  async #verify(token: string): Promise<Claims> {
    const payload = await this.#verifySignatureAndClaims(token);
    this.#checkExpiry(payload.exp);
    if (payload.iat !== undefined && payload.iat > this.#clock.now() / 1000 + this.#toleranceS) {
      throw invalid('claim iat is in the future');
    }
    this.#checkLife(payload);
    return claimsOf(payload, this.#hook === undefined);
  }

  /** Revocations are forgotten after the longest life, so nothing may live longer. */
  #checkLife({ iat, exp = Infinity }: JWTPayload): void {
    const { maxTokenLifeS } = this.#options;
    if (maxTokenLifeS === undefined) return;
    if (iat === undefined) throw invalid('claim iat is missing');
    if (exp - iat > maxTokenLifeS) throw invalid(`the token lives longer than ${maxTokenLifeS} s`);
  }

  async #verifySignatureAndClaims(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.#options;
    const options = {
      algorithms: this.#algorithms,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: this.#toleranceS,
      currentDate: new Date(this.#clock.now()),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
    try {
      return (await jwtVerify(token, this.#findKey, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw refusal(error);
      // A token without a key id, and several published keys that it could be signed with: one of them must verify.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (error) {
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusal(error);
        }
      }
      throw refusal(new errors.JWSSignatureVerificationFailed());
    }
  }

  /** Exact: a token is over at `exp`, whatever the tolerance. */
  #checkExpiry(exp: number | undefined): void {
    if (exp === undefined || !Number.isFinite(exp)) throw invalid('claim exp is not a time');
    if (this.#clock.now() >= exp * 1000) throw new SyncError('TOKEN_EXPIRED');
  }
}

function forgetOldest(verified: Map<string, Claims>): void {
  const oldest = verified.keys().next();
  if (oldest.done !== true) verified.delete(oldest.value);
}

function invalid(check: string): SyncError {
  return new SyncError('TOKEN_INVALID', check);
}

/**
 * Says which check failed. jose's error is not kept as the cause: it carries the payload, and what is logged must not.
 */
function refusal(error: unknown): SyncError {
  if (error instanceof SyncError) return error;
  if (error instanceof errors.JWTExpired) return new SyncError('TOKEN_EXPIRED');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return invalid(`claim ${error.claim} is ${error.reason === 'missing' ? 'missing' : 'not accepted'}`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('the signature does not verify');
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('the algorithm is not allowed');
  if (error instanceof errors.JWKSNoMatchingKey) return invalid('no key of the issuer fits');
  return invalid('malformed');
}
