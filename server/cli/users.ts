// `heddle users`: has a running server refresh, revoke and allow users, list their devices and sign one out, over HTTP and with
// the token of an operator.

import { accesses } from '../../shared/permission.js';
import { looksLikeToken } from '../auth/token-shape.js';
import { helpText, nearest } from '../config/arguments.js';
import type { OptionSpec } from '../config/option.js';
import {
  readTextFile,
  resolveOptions,
  type Environment,
  type ResolvedOptions,
} from '../config/resolve-options.js';
import type { Device } from '../../shared/device.js';
import { ConfigError } from '../errors.js';
import { deviceLines } from './device-lines.js';

const group = 'Options';
const usualUrl = 'http://localhost:1234';
const options: readonly OptionSpec[] = [
  {
    group,
    flag: 'url',
    env: ['HEDDLE_URL'],
    type: 'string',
    placeholder: 'url',
    default: usualUrl,
    description: 'The server, http or https',
  },
  {
    group,
    flag: 'admin-token',
    env: ['HEDDLE_ADMIN_TOKEN'],
    type: 'string',
    placeholder: 'token',
    description:
      'Token that has the claim which the server was given as --admin-claim; better in the environment or a file',
  },
  {
    group,
    flag: 'admin-token-file',
    env: ['HEDDLE_ADMIN_TOKEN_FILE'],
    type: 'string',
    placeholder: 'file',
    description: 'File that holds that token',
  },
  {
    group,
    flag: 'device',
    env: [],
    type: 'string',
    placeholder: 'id',
    description:
      'Of revoke: tokens with this sid, of the user or, without one, of anybody; of sign-out: the device, by its id in the list of devices',
  },
  {
    group,
    flag: 'token-id',
    env: [],
    type: 'string',
    placeholder: 'jti',
    description: 'Of revoke, without a user: the token with this jti',
  },
  {
    group,
    flag: 'doc',
    env: [],
    type: 'string',
    placeholder: 'pattern',
    description: "Of access: the documents, 'notes/**'; * within a path segment, ** across",
  },
  {
    group,
    flag: 'access',
    env: [],
    type: 'string',
    choices: [...accesses, 'claims'],
    description: 'Of access: what the user may do; claims takes back what was set',
  },
  {
    group,
    flag: 'for',
    env: [],
    type: 'duration',
    unit: 's',
    min: 1,
    placeholder: 'time',
    description: "Of access: how long it counts; without it, until the user's next token",
  },
];

const usage = 'heddle users <refresh|revoke|access|devices|sign-out> [<user>] [options]';

interface Order {
  /** Below that of users. */
  readonly path: string;
  /** Undefined: nothing is done, something is read. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

type Action = 'refresh' | 'revoke' | 'access' | 'devices' | 'sign-out';

type MakeOrder = (user: string | undefined, given: ResolvedOptions) => Order;

/** Which options each action has, beside those of the server, and what it asks for. */
const actions: Readonly<Record<Action, { readonly flags: readonly string[]; readonly order: MakeOrder }>> = {
  refresh: { flags: [], order: (user) => ({ path: 'refresh', body: { user: wanted(user, 'the user') } }) },
  revoke: {
    flags: ['device', 'token-id'],
    order: (user, given) => {
      const device = given.text('device');
      const token = given.text('token-id');
      if ([user, device, token].every((one) => one === undefined))
        wanted(undefined, 'a user, --device or --token-id');
      if (token !== undefined && (user !== undefined || device !== undefined))
        throw new ConfigError('--token-id stands alone: without a user and --device');
      return { path: 'revoke', body: { user, device, token } };
    },
  },
  access: {
    flags: ['doc', 'access', 'for'],
    order: (user, given) => {
      const access = wanted(given.text('access'), '--access');
      const body = {
        user: wanted(user, 'the user'),
        documents: wanted(given.text('doc'), '--doc'),
        access: access === 'claims' ? null : access,
        forSeconds: given.number('for'),
      };
      return { path: 'access', body };
    },
  },
  devices: {
    flags: [],
    order: (user) => ({ path: devicesPath(wanted(user, 'the user')), body: undefined }),
  },
  'sign-out': {
    flags: ['device'],
    order: (user, given) => {
      const device = encodeURIComponent(wanted(given.text('device'), '--device'));
      return { path: `${devicesPath(wanted(user, 'the user'))}/${device}/sign-out`, body: {} };
    },
  },
};

function devicesPath(user: string): string {
  return `${encodeURIComponent(user)}/devices`;
}

const timeoutMs = 30_000;

/** What was done, in one line, the devices, or the help text. Rejects with ConfigError, one clear line. */
export async function usersCommand(argv: readonly string[], env: Environment): Promise<string> {
  const { words, flags } = split(argv);
  const given = resolveOptions(options, flags, env);
  if (given.isHelp) return helpText(usage, options);
  const [name, user, ...more] = words;
  if (name === undefined || !Object.hasOwn(actions, name))
    throw new ConfigError(
      `${name === undefined ? 'nothing to do' : `heddle users cannot ${JSON.stringify(name)}${nearest(name, Object.keys(actions))}`}; usage: ${usage}`,
    );
  if (more.length > 0) throw new ConfigError(`one user at a time; usage: ${usage}`);
  const action = actions[name as Action];
  for (const other of Object.values(actions))
    for (const flag of other.flags)
      if (!action.flags.includes(flag) && given.source(flag) !== undefined)
        throw new ConfigError(`--${flag} means nothing to ${name}`);
  const answer = await send(given, action.order(user, given));
  if ('devices' in answer) return deviceLines(answer.devices);
  const { sessions } = answer;
  return `done; ${sessions} open ${sessions === 1 ? 'connection' : 'connections'} concerned`;
}

type Answer = { readonly sessions: number } | { readonly devices: readonly Device[] };

async function send(given: ResolvedOptions, { path, body }: Order): Promise<Answer> {
  const url = addressOf(given.text('url') ?? usualUrl, path);
  const authorization = `Bearer ${readToken(given)}`;
  let response: Response;
  try {
    response = await fetch(url, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { authorization, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw new ConfigError(`no answer from ${url.origin}`, { cause });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isDone(answer)) return answer;
  throw new ConfigError(`${url.origin} refused: ${reasonIn(answer) ?? `status ${response.status}`}`);
}

function isDone(answer: unknown): answer is Answer {
  const { sessions, devices } = (answer ?? {}) as { sessions?: unknown; devices?: unknown };
  return typeof sessions === 'number' || Array.isArray(devices);
}

function reasonIn(answer: unknown): string | undefined {
  const { reason, error } = (answer ?? {}) as { reason?: unknown; error?: unknown };
  if (error === 'NOT_FOUND' && reason === undefined)
    return 'it has no such path; it must be started with --admin-claim';
  return typeof reason === 'string' ? reason : undefined;
}

/** A path in the URL is that of a proxy, and stays in front. */
function addressOf(text: string, path: string): URL {
  let base: URL;
  try {
    base = new URL(text.endsWith('/') ? text : `${text}/`);
  } catch {
    throw new ConfigError('--url is not the address of a server, such as http://localhost:1234');
  }
  if (base.protocol !== 'http:' && base.protocol !== 'https:')
    throw new ConfigError('--url begins with http: or https:');
  return new URL(`api/v1/users/${path}`, base);
}

function readToken(given: ResolvedOptions): string {
  const file = given.text('admin-token-file');
  const token =
    file === undefined ? given.text('admin-token') : readTextFile(file, 'the file of the admin token').trim();
  const found = wanted(token, '--admin-token');
  if (!looksLikeToken(found)) throw new ConfigError('--admin-token is not a signed token');
  return found;
}

/** The words before the options. */
function split(argv: readonly string[]): { words: readonly string[]; flags: readonly string[] } {
  const first = argv.findIndex((argument) => argument.startsWith('-'));
  const count = first === -1 ? argv.length : first;
  return { words: argv.slice(0, count), flags: argv.slice(count) };
}

function wanted(value: string | undefined, what: string): string {
  if (value === undefined) throw new ConfigError(`${what} is missing; heddle users --help tells more`);
  return value;
}
