// The options of createServer, looked at when they are given: JavaScript lets everything pass, and an option that is misspelt
// or of another type would count for nothing in silence.

import { defaultLimits, type Limits } from '../../shared/limits.js';
import type { AuthOptions, ServerOptions } from '../options.js';
import { ConfigError } from '../errors.js';
import type { DocumentStore } from '../store/store.js';
import { transportNames } from '../transport/place.js';
import { clientAddressReader } from '../transport/client-address.js';
import { nearest } from './arguments.js';
import { limitKeys } from './option-table.js';

/** What is wrong with a value, to follow its name; undefined where it fits. */
type Check = (value: unknown) => string | undefined;
/** One check for each member of a type: a member that is added there has to be added here. */
type Checks<T> = Readonly<Record<keyof Required<T>, Check>>;

const serverChecks: Checks<ServerOptions> = {
  host: text,
  port: wholeNumber(0, 65_535),
  transport: oneOf(...transportNames),
  server: object({ on: fn, off: fn, emit: fn, address: fn }),
  path: text,
  basePath: text,
  data: text,
  store: object<DocumentStore>({
    newEpoch: fn,
    append: fn,
    load: fn,
    replace: fn,
    loadKept: fn,
    delete: fn,
    list: fn,
    getState: fn,
    setState: fn,
    setStates: fn,
    listState: fn,
    close: fn,
  }),
  durability: oneOf('fsync', 'os', 'interval'),
  acceptLoss: flag,
  auth: checkAuth,
  origins: listOf((value) =>
    isOrigin(value) ? undefined : 'must be like https://app.example, in lower case and without a path',
  ),
  commentRoots: listOf(text),
  trustedProxies: checkProxies,
  tls: closedObject({ keyFile: text, certFile: text, passphrase: optional(text) }),
  demo: flag,
  gc: flag,
  commitIntervalMs: wholeNumber(0, 60_000),
  changeDebounceMs: wholeNumber(0),
  userClaims: listOf(text),
  stampUser: flag,
  rosterVisible: oneOf('everybody', 'admins', 'nobody'),
  limits: closedObject(Object.fromEntries(limitKeys.map((key) => [key, optional(wholeNumber(0))]))),
  logger: object({ debug: fn, info: fn, warn: fn, error: fn }),
  onFailure: fn,
  authorize: fn,
  onLoad: fn,
  onChange: fn,
  onConnect: fn,
  onDisconnect: fn,
  onCall: fn,
};

const authChecks: Checks<AuthOptions> = {
  secret: text,
  publicKey: text,
  jwksUrl: (value) => (typeof value === 'string' && URL.canParse(value) ? undefined : 'must be a URL'),
  algorithms: listOf(text),
  issuer: text,
  audience: text,
  cookie: text,
  clockToleranceS: wholeNumber(0, 600),
  adminClaim: text,
  maxTokenLifeS: wholeNumber(1),
};

/**
 * Throws ConfigError, one clear line, for the first option that is unknown, of another type or out of its range; `option` is its
 * name. No value is repeated: it may be a secret.
 */
export function checkServerOptions(options: unknown): asserts options is ServerOptions {
  if (typeof options !== 'object' || options === null) throw new ConfigError('createServer takes an object');
  const problem = closedObject(optionalAll(serverChecks))(options) ?? checkTogether(options);
  if (problem === undefined) return;
  const [, option = ''] = /^\.(\w+)/.exec(problem) ?? [];
  throw new ConfigError(`createServer: ${problem.replace(/^\./, '')}`, { option });
}

/** Options that need another one. */
function checkTogether({ rosterVisible, auth }: ServerOptions): string | undefined {
  const hasAdmins = typeof auth === 'object' && auth.adminClaim !== undefined;
  return rosterVisible === 'admins' && !hasAdmins
    ? '.rosterVisible is admins, and there is no auth.adminClaim: nobody would be one'
    : undefined;
}

/** All limits: those that are given, and the defaults of the others. */
export function limitsWith(given: Partial<Limits> = {}): Limits {
  return {
    ...defaultLimits,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/** An origin as browsers write it. */
export function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  return value === 'null' || (URL.canParse(value) && new URL(value).origin === value);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? undefined : 'must be a text that is not empty';
}

function flag(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'must be true or false';
}

function fn(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : 'must be a function';
}

function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? undefined
      : `must be a whole number, ${range}${typeof value === 'string' ? ', and is a text' : ''}`;
}

function oneOf(...choices: readonly string[]): Check {
  return (value) => (choices.includes(value as string) ? undefined : `must be ${choices.join(' or ')}`);
}

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    return value.map(check).find((problem) => problem !== undefined);
  };
}

function optional(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value));
}

function optionalAll(checks: Readonly<Record<string, Check>>): Readonly<Record<string, Check>> {
  return Object.fromEntries(Object.entries(checks).map(([key, check]) => [key, optional(check)]));
}

/** An object that has these members, and may have others. */
function object<T>(checks: { readonly [K in keyof T as undefined extends T[K] ? never : K]: Check }): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null) return 'must be an object';
    for (const [key, check] of Object.entries(checks as Record<string, Check>)) {
      const problem = check((value as Record<string, unknown>)[key]);
      if (problem !== undefined) return within(key, problem);
    }
    return undefined;
  };
}

/** An object that has these members and no others. */
function closedObject(checks: Readonly<Record<string, Check>>): Check {
  const known = Object.keys(checks);
  return (value) => {
    if (typeof value !== 'object' || value === null) return 'must be an object';
    for (const key of Object.keys(value))
      if (!Object.hasOwn(checks, key)) return within(key, `is no option${nearest(key, known)}`);
    return object(checks)(value);
  };
}

/** The name in front of the problem, with those below it: `.limits.maxMessageBytes must be ...`. */
function within(key: string, problem: string): string {
  return problem.startsWith('.') ? `.${key}${problem}` : `.${key} ${problem}`;
}

function checkAuth(value: unknown): string | undefined {
  if (value === 'none') return undefined;
  if (typeof value === 'string') return "must be 'none' or an object with a key";
  const problem = closedObject(optionalAll(authChecks))(value);
  if (problem !== undefined) return problem;
  const { secret, publicKey, jwksUrl } = value as AuthOptions;
  const keys = [secret, publicKey, jwksUrl].filter((key) => key !== undefined).length;
  return keys === 1 ? undefined : 'must have exactly one of secret, publicKey and jwksUrl';
}

function checkProxies(value: unknown): string | undefined {
  const problem = listOf(text)(value);
  if (problem !== undefined) return problem;
  try {
    clientAddressReader(value as readonly string[]);
    return undefined;
  } catch (error) {
    return `is wrong: ${(error as Error).message}`;
  }
}
