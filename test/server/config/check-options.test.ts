// What createServer says of options that it cannot use.

import { createServer as createHttpServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createServer } from '../../../server/create-server.js';
import { limitsWith } from '../../../server/config/check-options.js';
import { ConfigError } from '../../../server/errors.js';
import type { ServerOptions } from '../../../server/options.js';
import { createMemoryStore } from '../../../server/store/memory-store.js';
import { defaultLimits } from '../../../shared/limits.js';
import { silentLogger } from '../../../shared/logger.js';

const secret = 'a secret of more than thirty-two bytes';

/** What is thrown for options that no compiler has seen. */
function refusal(options: unknown): ConfigError {
  try {
    createServer(options as ServerOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('nothing was thrown');
}

describe('createServer', () => {
  const wrong: readonly (readonly [object, option: string, message: string])[] = [
    [
      { rosterVisible: 'admins', auth: { secret } },
      'rosterVisible',
      'rosterVisible is admins, and there is no auth.adminClaim: nobody would be one',
    ],
    [{ port: '1234' }, 'port', 'port must be a whole number, from 0 to 65535, and is a text'],
    [{ port: 70_000 }, 'port', 'port must be a whole number, from 0 to 65535'],
    [{ onChagne: () => {} }, 'onChagne', 'onChagne is no option; did you mean onChange?'],
    [{ onChange: 'log' }, 'onChange', 'onChange must be a function'],
    [
      { limits: { maxMesageBytes: 1 } },
      'limits',
      'limits.maxMesageBytes is no option; did you mean maxMessageBytes?',
    ],
    [
      { limits: { maxMessageBytes: '1MB' } },
      'limits',
      'limits.maxMessageBytes must be a whole number, at least 0, and is a text',
    ],
    [
      { limits: { maxMessageBytes: Number.NaN } },
      'limits',
      'limits.maxMessageBytes must be a whole number, at least 0',
    ],
    [{ maxMessageBytes: 1 }, 'maxMessageBytes', 'maxMessageBytes is no option'],
    [{ durability: 'fast' }, 'durability', 'durability must be fsync or os or interval'],
    [{ demo: 'yes' }, 'demo', 'demo must be true or false'],
    [{ origins: 'https://app.example' }, 'origins', 'origins must be a list'],
    [
      { origins: ['https://app.example/'] },
      'origins',
      'origins must be like https://app.example, in lower case and without a path',
    ],
    [{ trustedProxies: ['the proxy'] }, 'trustedProxies', 'trustedProxies is wrong: '],
    [{ tls: { keyFile: 'key.pem' } }, 'tls', 'tls.certFile must be a text that is not empty'],
    [{ tls: { key: 'a', cert: 'b' } }, 'tls', 'tls.key is no option'],
    [{ store: {} }, 'store', 'store.newEpoch must be a function'],
    [{ logger: console.log }, 'logger', 'logger must be an object'],
    [{ logger: { info() {} } }, 'logger', 'logger.debug must be a function'],
    [{ auth: 'open' }, 'auth', "auth must be 'none' or an object with a key"],
    [{ auth: {} }, 'auth', 'auth must have exactly one of secret, publicKey and jwksUrl'],
    [
      { auth: { secret, jwksUrl: 'https://issuer.example/jwks' } },
      'auth',
      'auth must have exactly one of secret, publicKey and jwksUrl',
    ],
    [{ auth: { secert: secret } }, 'auth', 'auth.secert is no option; did you mean secret?'],
    [{ auth: { secret: '' } }, 'auth', 'auth.secret must be a text that is not empty'],
    [{ auth: { jwksUrl: 'issuer' } }, 'auth', 'auth.jwksUrl must be a URL'],
    [
      { auth: { secret, clockToleranceS: -1 } },
      'auth',
      'auth.clockToleranceS must be a whole number, from 0 to 600',
    ],
    [
      { commitIntervalMs: 0.5 },
      'commitIntervalMs',
      'commitIntervalMs must be a whole number, from 0 to 60000',
    ],
  ];

  test.each(wrong)('U22 refuses %j', (given, option, message) => {
    const error = refusal({ auth: 'none', ...given });
    expect(error.message).toContain(`createServer: ${message}`);
    expect(error.option).toBe(option);
    expect(error.message).not.toContain(secret);
    expect(error.message).not.toContain('\n');
  });

  test.each([[undefined], [null], ['1234'], [42]])('U22 refuses %j in place of options', (options) => {
    expect(refusal(options).message).toBe('createServer takes an object');
  });

  test('U22 takes every option that there is, and undefined for those that are left out', () => {
    const all: Required<ServerOptions> = {
      host: '127.0.0.1',
      port: 0,
      transport: 'node',
      server: createHttpServer(),
      path: '/sync',
      basePath: '/sync',
      data: './data',
      store: createMemoryStore(),
      durability: 'os',
      acceptLoss: true,
      auth: {
        secret,
        algorithms: ['HS256'],
        issuer: 'a',
        audience: 'b',
        cookie: 'c',
        clockToleranceS: 5,
        adminClaim: 'admin',
        maxTokenLifeS: 3600,
      },
      origins: ['https://app.example', 'null'],
      commentRoots: ['comments'],
      trustedProxies: ['10.0.0.0/8'],
      tls: { keyFile: 'a', certFile: 'b', passphrase: 'c' },
      demo: true,
      gc: false,
      commitIntervalMs: 10,
      changeDebounceMs: 0,
      userClaims: ['name', 'color'],
      stampUser: true,
      rosterVisible: 'admins',
      limits: defaultLimits,
      logger: silentLogger,
      onFailure() {},
      authorize: () => 'none',
      onLoad() {},
      onChange() {},
      onConnect() {},
      onDisconnect() {},
      onCall() {},
    };
    const { server, path, ...alone } = all;
    const {
      host: _host,
      port: _port,
      tls: _tls,
      basePath: _basePath,
      trustedProxies: _proxies,
      ...attached
    } = all;
    expect(() => createServer(alone)).not.toThrow();
    expect(() => createServer({ ...attached, server, path })).not.toThrow();
    const none = Object.fromEntries(Object.keys(all).map((key) => [key, undefined]));
    expect(() => createServer({ ...none, auth: 'none' })).not.toThrow();
    expect(() => createServer({ auth: 'none', limits: { maxCalls: undefined as never } })).not.toThrow();
    expect(limitsWith({ maxCalls: undefined as never, maxCallMs: 1 })).toEqual({
      ...defaultLimits,
      maxCallMs: 1,
    });
  });
});
