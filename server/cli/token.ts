// `heddle token`: makes a token by hand, for trying things out and for scripts.

import type { DocumentGrant } from '../../shared/permission.js';
import { createToken } from '../../token/index.js';
import type { OptionSpec } from '../config/option.js';
import {
  readTextFile,
  resolveOptions,
  type Environment,
  type ResolvedOptions,
} from '../config/resolve-options.js';
import { ConfigError } from '../errors.js';
import { helpText } from '../config/arguments.js';

const group = 'Options';
const tokenOptions: readonly OptionSpec[] = [
  {
    group,
    flag: 'secret',
    env: ['JWT_SECRET'],
    type: 'string',
    description: 'Shared secret to sign with, as the server has it',
  },
  {
    group,
    flag: 'secret-file',
    env: ['JWT_SECRET_FILE'],
    type: 'string',
    placeholder: 'file',
    description: 'File that holds the shared secret',
  },
  { group, flag: 'sub', env: [], type: 'string', placeholder: 'user', description: 'Who the token is for' },
  {
    group,
    flag: 'doc',
    env: [],
    type: 'list',
    isWhole: true,
    placeholder: 'pattern:access',
    description:
      "What it opens: 'notes/**:write' or 'public/*:read'; * within a path segment, ** across; repeat for more",
  },
  {
    group,
    flag: 'ttl',
    env: [],
    type: 'duration',
    unit: 's',
    min: 1,
    placeholder: 'time',
    default: '1h',
    description: 'How long it is valid, in seconds or with a unit',
  },
  {
    group,
    flag: 'name',
    env: [],
    type: 'string',
    placeholder: 'text',
    description: 'Name to show to others',
  },
  { group, flag: 'sid', env: [], type: 'string', placeholder: 'id', description: 'Device of the user' },
  {
    group,
    flag: 'issuer',
    env: ['JWT_ISSUER'],
    type: 'string',
    placeholder: 'iss',
    description: 'Issuer, if the server checks it',
  },
  {
    group,
    flag: 'audience',
    env: ['JWT_AUDIENCE'],
    type: 'string',
    placeholder: 'aud',
    description: 'Audience, if the server checks it',
  },
  {
    group,
    flag: 'admin-claim',
    env: ['ADMIN_CLAIM'],
    type: 'string',
    placeholder: 'name',
    description:
      'Makes a token for an operator, with this claim, as the server has it; --doc may be missing then',
  },
];

const usage = "heddle token --secret <secret> --sub <user> --doc '<pattern>:<read|comment|write>' [options]";

/** The token, or the help text if `--help` is given. Throws ConfigError, one clear line, that never holds a secret. */
export async function tokenCommand(argv: readonly string[], env: Environment): Promise<string> {
  const given = resolveOptions(tokenOptions, argv, env);
  if (given.isHelp) return helpText(usage, tokenOptions);
  const adminClaim = given.text('admin-claim');
  const request = {
    secret: readSecret(given),
    sub: required(given, 'sub'),
    docs: (given.list('doc') ?? []).map(readGrant),
    ttlS: given.number('ttl') ?? 3600,
    name: given.text('name'),
    sid: given.text('sid'),
    issuer: given.text('issuer'),
    audience: given.text('audience'),
    claims: adminClaim === undefined ? undefined : { [adminClaim]: true },
  };
  if (request.docs.length === 0 && adminClaim === undefined)
    throw new ConfigError("--doc is missing: what the token opens, 'notes/**:write'");
  try {
    return await createToken(request);
  } catch (error) {
    if (error instanceof TypeError) throw new ConfigError(`no token: ${error.message}`, { cause: error });
    throw error;
  }
}

/** From one of its two places. */
function readSecret(given: ResolvedOptions): string {
  const file = given.text('secret-file');
  const secret = given.text('secret');
  if (file !== undefined && secret !== undefined) {
    throw new ConfigError(
      `${given.source('secret')} and ${given.source('secret-file')} are both set: choose one`,
    );
  }
  if (file !== undefined) return readTextFile(file, 'the secret file').trim();
  return secret ?? required(given, 'secret');
}

function required(given: ResolvedOptions, flag: string): string {
  const value = given.text(flag);
  if (value === undefined) throw new ConfigError(`--${flag} is missing; heddle token --help tells more`);
  return value;
}

/** The access is after the last colon: names may hold colons. */
function readGrant(text: string): DocumentGrant {
  const colon = text.lastIndexOf(':');
  const access = text.slice(colon + 1);
  if (colon < 1 || (access !== 'read' && access !== 'comment' && access !== 'write')) {
    throw new ConfigError("--doc must end in :read, :comment or :write, as in 'notes/**:write'");
  }
  return { pattern: text.slice(0, colon), access };
}
