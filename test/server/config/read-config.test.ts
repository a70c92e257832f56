import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { afterAll, describe, expect, test } from 'vitest';

import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import { configKey, environmentNames } from '../../../server/config/option.js';
import { limitFlag, limitKeys, serveOptions } from '../../../server/config/option-table.js';
import { readServeConfig, serveHelp, type ServeConfig } from '../../../server/config/read-config.js';
import { ConfigError } from '../../../server/errors.js';
import type { AuthOptions } from '../../../server/options.js';
import { systemClock } from '../../../shared/clock.js';
import { defaultLimits } from '../../../shared/limits.js';

const directory = mkdtempSync(join(tmpdir(), 'heddle-config-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, content: unknown): string => {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const secret = 'a secret of at least thirty-two bytes';
const open = { HEDDLE_AUTH: 'none' };
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const pemFile = file('key.pem', pem);

describe('precedence', () => {
  const config = file('precedence.json', { port: 3, auth: 'none', maxKeyBytes: '3KB', gc: false });
  const table: [name: string, argv: string[], env: Record<string, string>, port: number][] = [
    ['default', [], open, 1234],
    ['file', ['--config', config], {}, 3],
    ['environment before file', ['--config', config], { PORT: '2' }, 2],
    ['flag before environment', ['--config', config, '--port', '1'], { PORT: '2' }, 1],
    ['flag before file', ['--config', config, '--port=1'], {}, 1],
    ['flag before default', ['--port', '0'], open, 0],
    ['the last of two flags', ['--port', '7', '--port', '8'], open, 8],
    ['an empty variable is not set', ['--config', config], { PORT: '' }, 3],
    ['the file named by the environment', [], { HEDDLE_CONFIG: config }, 3],
  ];
  test.each(table)('F1 %s', (_, argv, env, port) => {
    expect(readServeConfig(argv, env).options.port).toBe(port);
  });

  test('F1 every option has a flag, a variable and a key, all different', () => {
    const names = serveOptions.flatMap((option) => [
      `--${option.flag}`,
      ...environmentNames(option),
      configKey(option),
    ]);
    expect(new Set(names).size).toBe(names.length);
    expect(serveOptions.every((option) => environmentNames(option).length > 0)).toBe(true);
  });

  const samples: Record<string, string | number | boolean | string[]> = {
    data: 'd',
    host: '0.0.0.0',
    port: 80,
    durability: 'os',
    demo: true,
    gc: false,
    'log-level': 'debug',
    'log-format': 'json',
    auth: 'none',
    origin: ['https://a.example'],
    'trusted-proxy': ['10.0.0.0/8', '::1'],
    'base-path': '/a/sync',
    'commit-interval': 25,
  };
  const same = serveOptions.filter(({ flag }) => flag in samples || limitKeys.map(limitFlag).includes(flag));
  test.each(same.map((option) => [option.flag, option] as const))(
    'F1 --%s means the same in all three places',
    (flag, option) => {
      const value = samples[flag] ?? 4321;
      const auth = flag === 'auth' ? {} : open;
      const asFlag =
        typeof value === 'boolean' ? [`--${value ? '' : 'no-'}${flag}`] : [`--${flag}`, String(value)];
      const byFlag = readServeConfig(asFlag, auth);
      const byEnvironment = readServeConfig([], {
        ...auth,
        [environmentNames(option)[0] ?? '']: String(value),
      });
      const path = file('same.json', { [configKey(option)]: value });
      const byFile = readServeConfig(['--config', path], auth);
      expect(byEnvironment).toEqual(byFlag);
      expect(byFile).toEqual(byFlag);
      const isNews = !['auth', 'log-format'].includes(flag);
      expect(isDeepStrictEqual(byFlag, readServeConfig([], open))).toBe(!isNews);
    },
  );

  test('F1 defaults', () => {
    expect(readServeConfig([], open)).toEqual<ServeConfig>({
      options: {
        host: 'localhost',
        port: 1234,
        data: './data',
        durability: 'fsync',
        auth: 'none',
        demo: false,
        gc: true,
        acceptLoss: false,
        limits: {},
      },
      logLevel: 'info',
      logFormat: 'json',
      warnings: [expect.stringContaining('NO AUTHENTICATION')],
    });
  });

  test('F1 names of other servers for the same', () => {
    expect(readServeConfig([], { ...open, YPERSISTENCE: './y' }).options.data).toBe('./y');
    expect(readServeConfig([], { ...open, YPERSISTENCE: './y', DATA_DIR: './d' }).options.data).toBe('./d');
    expect(readServeConfig([], { ...open, GC: 'false' }).options.gc).toBe(false);
    expect(readServeConfig(['--gc'], { ...open, GC: '0' }).options.gc).toBe(true);
    expect(readServeConfig(['--gc=false'], open).options.gc).toBe(false);
  });
});

describe('values', () => {
  const table: [flag: string, text: string, key: keyof typeof defaultLimits, value: number][] = [
    ['max-message-bytes', '16MB', 'maxMessageBytes', 16 * 1024 ** 2],
    ['max-message-bytes', '1.5 MiB', 'maxMessageBytes', 1.5 * 1024 ** 2],
    ['max-message-bytes', '512k', 'maxMessageBytes', 512 * 1024],
    ['max-message-bytes', '100B', 'maxMessageBytes', 100],
    ['max-message-bytes', '100', 'maxMessageBytes', 100],
    ['max-idle-bytes', '4gb', 'maxIdleBytes', 4 * 1024 ** 3],
    ['max-held-ms', '10s', 'maxHeldMs', 10_000],
    ['max-held-ms', '500ms', 'maxHeldMs', 500],
    ['max-held-ms', '1.5m', 'maxHeldMs', 90_000],
    ['max-held-ms', '250', 'maxHeldMs', 250],
  ];
  test.each(table)('F2 --%s %s', (flag, text, key, value) => {
    expect(readServeConfig([`--${flag}`, text], open).options.limits).toEqual({ [key]: value });
  });

  test('F2 the defaults in the help text are the defaults', () => {
    for (const key of limitKeys) {
      const option = serveOptions.find(({ flag }) => flag === limitFlag(key));
      const { limits } = readServeConfig([`--${limitFlag(key)}`, String(option?.default)], open).options;
      expect(limits).toEqual({ [key]: defaultLimits[key] });
    }
    expect([...limitKeys].sort()).toEqual(Object.keys(defaultLimits).sort());
  });

  test('F2 of a limit 0 is taken where it says that there is to be none of it', () => {
    const { limits } = readServeConfig(['--max-seen-users', '0', '--max-seen-days', '0'], open).options;
    expect(limits).toEqual({ maxSeenUsers: 0, maxSeenDays: 0 });
    expect(() => readServeConfig(['--max-awareness-ids', '0'], open)).toThrow('at least 1');
  });

  test('F2 lists are repeated or have commas', () => {
    const { origins } = readServeConfig(
      ['--origin', 'https://a.example, https://b.example', '--origin', 'null'],
      open,
    ).options;
    expect(origins).toEqual(['https://a.example', 'https://b.example', 'null']);
  });
});

describe('authentication', () => {
  const auth = (argv: string[], env: Record<string, string> = {}) => readServeConfig(argv, env).options.auth;

  test('F3 every kind of key', () => {
    expect(auth(['--jwt-secret', secret])).toEqual({ secret });
    expect(auth([], { JWT_SECRET: secret })).toEqual({ secret });
    expect(auth(['--jwt-secret-file', file('secret', `${secret}\n`)])).toEqual({ secret });
    expect(auth(['--jwt-public-key', pemFile])).toEqual({ publicKey: pem });
    expect(auth([], { JWT_PUBLIC_KEY: pemFile })).toEqual({ publicKey: pem });
    expect(auth([], { JWT_PUBLIC_KEY: pem })).toEqual({ publicKey: pem });
    expect(auth([], { JWKS_URL: 'https://issuer.example/keys' })).toEqual({
      jwksUrl: 'https://issuer.example/keys',
    });
    expect(auth(['--auth', 'none'])).toBe('none');
    expect(auth(['--demo'])).toBeUndefined();
    expect(auth(['--demo', '--jwt-secret', secret])).toEqual({ secret });
  });

  test('F3 what goes with a key', () => {
    const flags = ['--jwt-issuer', 'i', '--jwt-audience', 'a', '--jwt-algorithms', 'HS256,HS512'];
    const more = ['--token-cookie', 'c', '--jwt-clock-tolerance', '1m', '--jwt-secret', secret];
    expect(auth([...flags, ...more])).toEqual<AuthOptions>({
      secret,
      issuer: 'i',
      audience: 'a',
      algorithms: ['HS256', 'HS512'],
      cookie: 'c',
      clockToleranceS: 60,
    });
  });

  test('F3 an empty variable is no key', () => {
    expect(() => auth([], { JWT_SECRET: '', JWKS_URL: '' })).toThrow(/no authentication configured/);
    expect(auth(['--auth', 'none'], { JWT_SECRET: '' })).toBe('none');
  });

  test('A1 a public key given as the secret does not start', async () => {
    expect(() => auth([], { JWT_SECRET: pem })).toThrow(ConfigError);
    expect(() => auth(['--jwt-secret-file', pemFile])).toThrow(/not as a secret/);
    const options = auth(['--jwt-public-key', pemFile, '--jwt-algorithms', 'HS256']) as AuthOptions;
    await expect(createJwtAuthenticator(options, { clock: systemClock })).rejects.toThrow(
      /HS256 does not fit/,
    );
  });

  test('F5 what is allowed but unwise is told', () => {
    const warnings = (argv: string[]) => readServeConfig(argv, {}).warnings.join('\n');
    expect(warnings(['--auth', 'none', '--host', '0.0.0.0'])).toMatch(
      /NO AUTHENTICATION.*not a local address/,
    );
    expect(warnings(['--auth', 'none'])).toMatch(/NO AUTHENTICATION/);
    expect(warnings(['--jwt-secret', 'only-twenty-bytes-xx'])).toMatch(/shorter/);
    expect(warnings(['--jwt-secret', secret])).toBe('');
    expect(warnings(['--jwks-url', 'http://issuer/keys'])).toMatch(/not https/);
    expect(warnings(['--jwks-url', 'https://issuer/keys'])).toMatch(/--jwt-audience/);
  });
});

describe('refusals', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';
  const table: [name: string, argv: string[], env: Record<string, string>, message: RegExp][] = [
    [
      'no authentication',
      [],
      {},
      /^no authentication configured: pass --jwt-secret, --jwt-public-key or --jwks-url; for development --auth none$/,
    ],
    ['a misspelt flag', ['--prot', '1'], open, /^unknown option --prot; did you mean --port\?$/],
    ['a flag nothing is like', ['--zzzzzzzz'], open, /^unknown option --zzzzzzzz$/],
    ['a short flag', ['-x'], open, /^unknown option -x/],
    ['--no- of what is no boolean', ['--no-port'], open, /^unknown option --no-port/],
    ['an argument', ['data'], open, /^unexpected argument data$/],
    ['an argument after --', ['--', '--port'], open, /^unexpected argument --port$/],
    ['a flag without its value', ['--port'], open, /^--port needs a value$/],
    [
      'a flag for a value',
      ['--host', '--port', '1'],
      open,
      /^--host needs a value; one that begins with a dash is written --host=\.\.\.$/,
    ],
    ['an empty value', ['--host', ''], open, /^--host must not be empty$/],
    [
      'a port that is text',
      ['--port', 'http'],
      open,
      /^--port must be a whole number, from 0 to 65535, not "http"$/,
    ],
    ['a port too high', [], { ...open, PORT: '65536' }, /^PORT must be .* not "65536"$/],
    ['a port below 0', ['--port=-1'], open, /^--port must be/],
    ['half a port', ['--port', '1.5'], open, /^--port must be/],
    ['a port in hex', ['--port', '0x50'], open, /^--port must be/],
    ['a size in parsecs', ['--max-key-bytes', '3pc'], open, /^--max-key-bytes must be a size/],
    ['a limit of 0', ['--max-connections', '0'], open, /at least 1/],
    ['a duration in bytes', ['--max-held-ms', '3MB'], open, /^--max-held-ms must be a duration/],
    ['a boolean that is not', [], { ...open, GC: 'maybe' }, /^GC must be true or false, not "maybe"$/],
    [
      'a durability nobody has',
      ['--durability', 'none'],
      open,
      /^--durability must be fsync or os or interval/,
    ],
    ['a log level nobody has', [], { ...open, LOG_LEVEL: 'loud' }, /^LOG_LEVEL must be debug or/],
    ['a token for auth', ['--auth', token], {}, /^--auth must be none, not "\[redacted\]"$/],
    ['a token for an argument', [token], open, /^unexpected argument \[redacted\]$/],
    ['a token for a port', ['--port', token], open, /\[redacted\]/],
    [
      'two kinds of key',
      ['--jwt-secret', secret],
      { JWKS_URL: 'https://a' },
      /^--jwt-secret and JWKS_URL are both set/,
    ],
    [
      'a key twice',
      ['--jwt-secret-file', 'x'],
      { JWT_SECRET: secret },
      /^JWT_SECRET and --jwt-secret-file are both set/,
    ],
    [
      'none and a key',
      ['--auth', 'none'],
      { JWT_SECRET: secret },
      /^auth none \(--auth\) contradicts JWT_SECRET/,
    ],
    ['an issuer without a key', ['--jwt-issuer', 'i'], open, /^--jwt-issuer is set, but there is no key/],
    ['a cookie without a key', ['--demo', '--token-cookie', 'c'], {}, /^--token-cookie is set/],
    ['a secret too short', ['--jwt-secret', 'short'], {}, /too short/],
    ['an empty secret file', ['--jwt-secret-file', file('empty', '\n')], {}, /too short/],
    [
      'a missing secret file',
      ['--jwt-secret-file', '/no/such'],
      {},
      /^the JWT secret file \/no\/such cannot be read: no such file$/,
    ],
    ['a missing key file', ['--jwt-public-key', '/no/such.pem'], {}, /no such file$/],
    ['a directory as the key file', ['--jwt-public-key', directory], {}, /it is a directory$/],
    [
      'a missing config file',
      ['--config', '/no/such.json'],
      open,
      /^the config file \/no\/such\.json cannot be read: no such file$/,
    ],
    [
      'a config file that is not JSON',
      ['--config', file('bad.json', '{port: 1}')],
      open,
      /is not valid JSON: a name in double quotes is expected in line 1, column 2$/,
    ],
    ['a config file that is a list', ['--config', file('list.json', [])], open, /must hold a JSON object$/],
    [
      'an unknown key in it',
      ['--config', file('key.json', { prot: 1 })],
      open,
      /key\.json: unknown key "prot"; did you mean port\?$/,
    ],
    [
      'a flag for a key in it',
      ['--config', file('flag.json', { 'log-level': 'info' })],
      open,
      /did you mean logLevel\?$/,
    ],
    [
      '__proto__ in it',
      ['--config', file('proto.json', '{"__proto__": {"port": 1}}')],
      open,
      /unknown key "__proto__"/,
    ],
    [
      'another config file in it',
      ['--config', file('nested.json', { config: 'x' })],
      open,
      /unknown key "config"/,
    ],
    [
      'a wrong type in it',
      ['--config', file('type.json', { port: [1] })],
      open,
      /^port in .*type\.json must be a whole number/,
    ],
    [
      'a wrong value in it that a flag covers',
      ['--port', '1', '--config', file('covered.json', { port: 'x' })],
      open,
      /^port in/,
    ],
    ['null in it', ['--config', file('null.json', { host: null })], open, /must be text$/],
    ['an origin with a path', ['--origin', 'https://a.example/'], open, /^--origin must be like https/],
    ['an origin without a scheme', [], { ...open, ORIGINS: 'a.example' }, /^ORIGINS must be like https/],
    ['a wildcard origin', ['--origin', 'https://*.example, *'], open, /^--origin must be like/],
    ['a proxy by its name', ['--trusted-proxy', 'nginx'], open, /^--trusted-proxy: a trusted proxy is an IP/],
    ['half of TLS', ['--tls-key', pemFile], open, /^--tls-key and --tls-cert go together$/],
    ['a missing certificate', ['--tls-key', pemFile, '--tls-cert', '/no/such'], open, /no such file$/],
    [
      'a certificate that is none',
      ['--tls-key', pemFile, '--tls-cert', file('cert', 'x')],
      open,
      /is not PEM$/,
    ],
  ];
  test.each(table)('F4 %s', (_, argv, env, message) => {
    let error: unknown;
    try {
      readServeConfig(argv, env);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/\n/);
    expect((error as Error).message).not.toContain(secret);
    expect((error as Error).message).not.toContain(token);
  });
});

describe('help', () => {
  test('F6 lists every option with its variables and default', () => {
    const help = serveHelp();
    for (const option of serveOptions) {
      const isOn = option.type === 'boolean' && option.default === true;
      expect(help).toMatch(new RegExp(`^  --${isOn ? 'no-' : ''}${option.flag}\\b`, 'm'));
      for (const name of environmentNames(option)) expect(help).toContain(name);
    }
    expect(help).toContain('(default 1234)');
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140);
  });
});
