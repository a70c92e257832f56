// What the operator said, as the options of a server. All that can be told to be wrong before starting is told here.

import type { Limits } from '../../shared/limits.js';
import { isWeakSecret, secretBytes } from '../auth/secret.js';
import { configNote, helpText } from './arguments.js';
import { isOrigin } from './check-options.js';
import { ConfigError } from '../errors.js';
import type { AuthOptions, ServerOptions } from '../options.js';
import { checkBasePath } from '../transport/base-path.js';
import { clientAddressReader } from '../transport/client-address.js';
import { limitFlag, limitKeys, serveOptions } from './option-table.js';
import { readTextFile, resolveOptions, type Environment, type ResolvedOptions } from './resolve-options.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type LogFormat = 'json' | 'pretty';

/** What `heddle serve` starts with. */
export interface ServeConfig {
  readonly options: ServerOptions;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Allowed, but worth a line in the log. */
  readonly warnings: readonly string[];
}

/** Reads flags, environment and config file. Throws ConfigError, one clear line, for the first thing that is wrong. */
export function readServeConfig(argv: readonly string[], env: Environment): ServeConfig {
  const given = resolveOptions(serveOptions, argv, env);
  const auth = readAuth(given);
  const options: ServerOptions = {
    host: given.text('host') ?? 'localhost',
    port: given.number('port') ?? 1234,
    data: given.text('data') ?? './data',
    durability: (given.text('durability') ?? 'fsync') as NonNullable<ServerOptions['durability']>,
    demo: given.boolean('demo') ?? false,
    gc: given.boolean('gc') ?? true,
    acceptLoss: given.boolean('accept-loss') ?? false,
    limits: readLimits(given),
    ...present({
      auth,
      tls: readTls(given),
      transport: given.text('transport') as ServerOptions['transport'],
      origins: readOrigins(given),
      commentRoots: given.list('comment-roots'),
      trustedProxies: readTrustedProxies(given),
      basePath: readBasePath(given),
      commitIntervalMs: given.number('commit-interval'),
      userClaims: given.list('user-claims'),
      stampUser: given.boolean('stamp-user'),
      rosterVisible: readRosterVisible(given),
    }),
  };
  return {
    options,
    logLevel: (given.text('log-level') ?? 'info') as LogLevel,
    logFormat: (given.text('log-format') ?? 'json') as LogFormat,
    warnings: warningsFor(options),
  };
}

/** The help text of `heddle serve`. */
export function serveHelp(): string {
  const example = serveOptions.find(({ flag }) => flag === 'max-message-bytes');
  const notes = [
    'Names in brackets are environment variables. A flag goes before the environment, the environment before the file.',
    ...(example === undefined ? [] : [configNote(example)]),
  ];
  return helpText('heddle serve [options]', serveOptions, notes);
}

const keyFlags = ['jwt-secret', 'jwt-secret-file', 'jwt-public-key', 'jwks-url'];
const flagsForKeys = [
  'jwt-algorithms',
  'jwt-issuer',
  'jwt-audience',
  'jwt-clock-tolerance',
  'jwt-max-life',
  'admin-claim',
  'token-cookie',
];

function readAuth(given: ResolvedOptions): ServerOptions['auth'] {
  const keys = keyFlags.filter((flag) => given.source(flag) !== undefined).map((flag) => given.source(flag));
  const none = given.source('auth');
  if (none !== undefined && keys.length > 0)
    throw new ConfigError(`auth none (${none}) contradicts ${keys[0]}: choose one`);
  if (keys.length > 1) throw new ConfigError(`${keys.join(' and ')} are both set: choose one kind of key`);
  if (keys.length === 1) return readKey(given);
  const idle = flagsForKeys.find((flag) => given.source(flag) !== undefined);
  if (idle !== undefined)
    throw new ConfigError(`${given.source(idle)} is set, but there is no key to check tokens with`);
  if (none !== undefined) return 'none';
  if (given.boolean('demo') === true) return undefined;
  throw new ConfigError(
    'no authentication configured: pass --jwt-secret, --jwt-public-key or --jwks-url; for development --auth none',
  );
}

function readKey(given: ResolvedOptions): AuthOptions {
  const secretFile = given.text('jwt-secret-file');
  const secret =
    secretFile === undefined
      ? given.text('jwt-secret')
      : readTextFile(secretFile, 'the JWT secret file').trim();
  if (secret !== undefined) secretBytes(secret);
  const publicKey = given.text('jwt-public-key');
  const isText = publicKey?.includes('-----BEGIN') === true;
  return present({
    secret,
    publicKey: publicKey === undefined || isText ? publicKey : readTextFile(publicKey, 'the JWT public key'),
    jwksUrl: given.text('jwks-url'),
    algorithms: given.list('jwt-algorithms'),
    issuer: given.text('jwt-issuer'),
    audience: given.text('jwt-audience'),
    cookie: given.text('token-cookie'),
    clockToleranceS: given.number('jwt-clock-tolerance'),
    maxTokenLifeS: given.number('jwt-max-life'),
    adminClaim: given.text('admin-claim'),
  });
}

function readTls(given: ResolvedOptions): ServerOptions['tls'] {
  const keyFile = given.text('tls-key');
  const certFile = given.text('tls-cert');
  if (keyFile === undefined && certFile === undefined) return undefined;
  if (keyFile === undefined || certFile === undefined)
    throw new ConfigError('--tls-key and --tls-cert go together');
  for (const file of [keyFile, certFile]) {
    // It is read a second time by who serves with it.
    if (file === '-') throw new ConfigError('--tls-key and --tls-cert must be files');
    if (!readTextFile(file, 'the TLS file').includes('-----BEGIN'))
      throw new ConfigError(`the TLS file ${file} is not PEM`);
  }
  return { keyFile, certFile };
}

/** As browsers write them, or they would never match. */
function readOrigins(given: ResolvedOptions): readonly string[] | undefined {
  const origins = given.list('origin');
  for (const origin of origins ?? []) {
    if (!isOrigin(origin))
      throw new ConfigError(
        `${given.source('origin')} must be like https://app.example, in lower case and without a path`,
      );
  }
  return origins;
}

/** Without a claim nobody would be an admin. */
function readRosterVisible(given: ResolvedOptions): ServerOptions['rosterVisible'] {
  const visible = given.text('roster-visible') as ServerOptions['rosterVisible'];
  if (visible === 'admins' && given.source('admin-claim') === undefined)
    throw new ConfigError(`${given.source('roster-visible')} is admins, and there is no --admin-claim`);
  return visible;
}

function readBasePath(given: ResolvedOptions): string | undefined {
  const basePath = given.text('base-path');
  return basePath === undefined ? undefined : checkBasePath(basePath, given.source('base-path') ?? '');
}

/** Checked here, so that a mistake is told before anything is opened. */
function readTrustedProxies(given: ResolvedOptions): readonly string[] | undefined {
  const proxies = given.list('trusted-proxy');
  try {
    clientAddressReader(proxies ?? []);
  } catch (error) {
    throw new ConfigError(`${given.source('trusted-proxy')}: ${(error as Error).message}`, { cause: error });
  }
  return proxies;
}

function readLimits(given: ResolvedOptions): Partial<Limits> {
  return Object.fromEntries(
    limitKeys
      .map((key) => [key, given.number(limitFlag(key))] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function warningsFor({ auth, host }: ServerOptions): string[] {
  const warnings: string[] = [];
  const isLocal = host === 'localhost' || host === '127.0.0.1' || host === '::1';
  if (auth === 'none') {
    const elsewhere = isLocal ? '' : ', and this is not a local address';
    warnings.push(
      `NO AUTHENTICATION: whoever reaches ${host} can read and write every document${elsewhere}. For development only`,
    );
  }
  if (auth === undefined || auth === 'none') return warnings;
  if (auth.secret !== undefined && isWeakSecret(auth.secret)) {
    warnings.push('the JWT secret is shorter than the 32 bytes that are advised');
  }
  if (auth.jwksUrl?.startsWith('http:') === true)
    warnings.push('the JWKS URL is not https: whoever is on the way can change the keys');
  if (auth.secret === undefined && auth.audience === undefined)
    warnings.push('no --jwt-audience: tokens the issuer made for other services are believed too');
  return warnings;
}

/** Without the members that are undefined: in options, absent and undefined are two things. */
function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
