import { describe, expect, test } from 'vitest';

import { createJwtAuthenticator } from '../../../server/auth/jwt.js';
import { asksForHelp } from '../../../server/config/arguments.js';
import { tokenCommand } from '../../../server/cli/token.js';
import { ConfigError } from '../../../server/errors.js';
import { systemClock } from '../../../shared/clock.js';

const secret = 'a secret of at least thirty-two bytes';
const usual = ['--sub', 'ann', '--doc', 'notes/**:write'];

describe('heddle token', () => {
  test('F7 makes a token that a server with the secret believes', async () => {
    const argv = [
      '--secret',
      secret,
      ...usual,
      '--doc',
      'a,b:c:read',
      '--ttl',
      '2h',
      '--name',
      'Ann',
      '--sid',
      's',
    ];
    const token = await tokenCommand(argv, {});
    const claims = await (
      await createJwtAuthenticator({ secret }, { clock: systemClock })
    ).authenticate(token);
    expect(claims).toMatchObject({ sub: 'ann', name: 'Ann', sid: 's' });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(7200);
    expect(claims.docs).toEqual([
      { pattern: 'notes/**', access: 'write' },
      { pattern: 'a,b:c', access: 'read' },
    ]);
  });

  test('F7 takes the secret from JWT_SECRET, a time in seconds, and an hour by default', async () => {
    const lifetime = async (argv: string[]) => {
      const [, payload = ''] = (await tokenCommand([...usual, ...argv], { JWT_SECRET: secret })).split('.');
      const { exp, iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
        exp: number;
        iat: number;
      };
      return exp - iat;
    };
    expect(await lifetime(['--ttl', '90'])).toBe(90);
    expect(await lifetime([])).toBe(3600);
  });

  const refused: [name: string, argv: string[], message: RegExp][] = [
    ['no secret', usual, /^--secret is missing/],
    ['a short secret', ['--secret', 'short', ...usual], /too short/],
    ['no sub', ['--secret', secret, '--doc', 'a:read'], /^--sub is missing/],
    ['no doc', ['--secret', secret, '--sub', 'a'], /^--doc is missing/],
    [
      'a doc without access',
      ['--secret', secret, '--sub', 'a', '--doc', 'notes'],
      /must end in :read, :comment or :write/,
    ],
    ['a doc without a pattern', ['--secret', secret, '--sub', 'a', '--doc', ':read'], /must end in/],
    ['a bad pattern', ['--secret', secret, '--sub', 'a', '--doc', '***:read'], /more than two \*/],
    ['no time', ['--secret', secret, ...usual, '--ttl', '0'], /^--ttl must be a duration/],
    [
      'a fraction of a second',
      ['--secret', secret, ...usual, '--ttl', '1500ms'],
      /^--ttl must be a duration/,
    ],
    ['two secrets', ['--secret', secret, '--secret-file', 'x', ...usual], /are both set/],
    ['a misspelt flag', ['--secret', secret, ...usual, '--tll', '9'], /did you mean --ttl\?$/],
  ];
  test.each(refused)('F7 refused in one line: %s', async (_, argv, message) => {
    const error = await tokenCommand(argv, {}).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/\n/);
    expect((error as Error).message).not.toContain(secret);
  });

  test('F6 help needs nothing else to be right', async () => {
    expect(await tokenCommand(['--help'], {})).toMatch(/^Usage: heddle token[^]*--doc <pattern:access>/);
    expect(asksForHelp(['serve', '--help'])).toBe(true);
    expect(asksForHelp(['-h'])).toBe(true);
    expect(asksForHelp(['--', '-h'])).toBe(false);
  });
});
