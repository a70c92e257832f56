// Every option of `heddle serve`: the one table behind flags, environment, config file and help text.

import { defaultLimits, type Limits } from '../../shared/limits.js';
import type { OptionSpec } from './option.js';

const limitDescriptions: Readonly<Record<keyof Limits, string>> = {
  maxMessageBytes: 'Largest message from a client',
  maxDocumentBytes: 'Largest document, checkpoint and log together',
  maxClientsPerUpdate: 'Client ids in one update',
  maxStructsPerUpdate: 'Structs in one update',
  maxDeletesPerUpdate: 'Delete ranges in one update',
  maxClientsPerDocument: 'Client ids a document may gather over its life',
  maxRootTypes: 'Root types of a document',
  maxSubdocuments: 'Subdocuments in a document',
  maxNesting: 'Depth of JSON and of shared types inside each other',
  maxValuesPerUpdate: 'JSON values in one update, counted through all levels',
  maxKeyBytes: 'Longest key, attribute or node name',
  maxAwarenessBytes: 'Awareness state of one client',
  maxAwarenessEntries: 'Entries in one awareness message',
  maxPresenceBytes: 'Awareness states of one document, all together',
  maxMessagesPerTurn: 'Messages of one frame that are handled at once',
  maxAwarenessIds: 'Awareness ids one connection may introduce',
  maxHeldBytes: 'Updates held for one connection while what they depend on is asked for',
  maxHeldMs: 'How long they are held',
  maxWaitingBytes: 'Messages of one connection that wait for authorization or loading',
  maxUnsentBytes: 'Answers to one connection that wait because the client does not read',
  maxUnknownBytes: 'Messages of one connection that wait before a token was believed',
  maxUnknownMs: 'A connection on which no token was believed for this long is closed',
  maxSyncRequests: 'Sync requests and awareness queries a connection may make at once',
  maxUncommittedBytes: 'Accepted bytes that are not durable yet, over all documents',
  maxStoreAwayMs: 'How long the store is waited for, to write again or to load',
  softBufferedBytes: 'Above this a reader is taken off the live stream and caught up from the log',
  maxBufferedBytes: 'Above this a reader is disconnected',
  maxStalledMs: 'A reader that takes nothing for this long is disconnected',
  syncPartBytes: 'Largest part of what a client is sent of a document',
  maxDocumentsPerConnection: 'Documents one connection of our own client may have open',
  maxConnections: 'Open connections, all together',
  maxHttpConnections: 'Of these, connections over HTTP',
  maxConnectionsPerAddress: 'Open connections of one address',
  maxHttpPerAddress: 'Of these, connections over HTTP',
  maxHandshakesPerAddress: 'Connections that one address may open in 10 s',
  maxUnknownConnections: 'Connections whose token is not believed yet, all together',
  maxUnknownPerAddress: 'WebSockets of one address whose token is not believed yet',
  maxHttpUnknownPerAddress: 'Connections over HTTP of one address whose token is not believed yet',
  maxKeptLogBytes: 'Log before a checkpoint that is kept for clients that come back',
  maxIdleBytes: 'Memory of documents nobody has open',
  maxCopyMs: 'CPU time up to which a copy for the embedder may hold the server',
  maxTrials: 'Unusual updates that are being tried, all together',
  maxTrialBytes: 'The same, bytes',
  maxTrialsPerConnection: 'Unusual updates of one connection that are being tried',
  maxCalls: 'Calls that the application is answering, all together',
  maxCallBytes: 'The same, bytes',
  maxCallsPerUser: 'Calls of one user that the application is answering',
  maxCallMs: 'How long a caller waits for the answer of the application',
  maxAwayMs: 'How long a session of our own client is waited for whose connection was lost',
  maxOperationBytes: 'Operations that wait for the end of one session',
  maxOperationBytesPerUser: 'The same for all sessions of one user',
  maxDevicesPerUser: 'Devices that are remembered of one user',
  maxDeviceDays: 'Days after which a device that was not seen is forgotten',
  maxSeenUsers: 'Users who are gone and remembered, of one document',
  maxSeenDays: 'Days for which it is remembered when a user was last seen; 0: none',
};

/** The limits' names. */
export const limitKeys = Object.keys(limitDescriptions) as (keyof Limits)[];

/** A limit's flag: its name in kebab-case. */
export function limitFlag(key: keyof Limits): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Limits of which 0 says that there is to be none of it at all. */
const mayBeZero: ReadonlySet<keyof Limits> = new Set(['maxSeenUsers', 'maxSeenDays'] as const);

function limitOption(key: keyof Limits): OptionSpec {
  const type = key.endsWith('Bytes') ? 'bytes' : key.endsWith('Ms') ? 'duration' : 'number';
  return {
    flag: limitFlag(key),
    type,
    min: mayBeZero.has(key) ? 0 : 1,
    description: limitDescriptions[key],
    default: shownDefault(type, defaultLimits[key]),
    group: 'Limits',
  };
}

function shownDefault(type: OptionSpec['type'], value: number): string | number {
  if (type === 'duration') return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
  if (type !== 'bytes') return value;
  if (value % 1024 ** 2 === 0) return `${value / 1024 ** 2}MB`;
  return value % 1024 === 0 ? `${value / 1024}KB` : value;
}

const network: readonly OptionSpec[] = [
  {
    flag: 'port',
    env: ['PORT'],
    type: 'number',
    max: 65_535,
    default: 1234,
    description: 'Port to listen on; 0 picks a free one',
  },
  {
    flag: 'host',
    env: ['HOST'],
    type: 'string',
    placeholder: 'name',
    default: 'localhost',
    description: 'Address to listen on; 0.0.0.0 for all',
  },
  {
    flag: 'base-path',
    env: ['BASE_PATH'],
    type: 'string',
    placeholder: 'path',
    description: 'What a proxy leaves in front of every path: /sync; everything is then below it',
  },
  {
    flag: 'origin',
    env: ['ORIGINS'],
    type: 'list',
    placeholder: 'origins',
    description:
      'Origins browsers may connect from, exact: https://app.example; repeated or with commas; any if not given',
  },
  {
    flag: 'trusted-proxy',
    env: ['TRUSTED_PROXIES'],
    type: 'list',
    placeholder: 'addresses',
    description:
      'Proxies whose Forwarded or X-Forwarded-For names the client: addresses or networks such as 10.0.0.0/8; repeated or with commas',
  },
  {
    flag: 'transport',
    type: 'string',
    choices: ['uws', 'node'],
    description:
      "uws: uWebSockets.js; node: Node's own http and ws; by default uws where it has a binary, otherwise node",
  },
  {
    flag: 'tls-key',
    env: ['TLS_KEY'],
    type: 'string',
    placeholder: 'file',
    description: 'Private key for TLS, PEM',
  },
  {
    flag: 'tls-cert',
    env: ['TLS_CERT'],
    type: 'string',
    placeholder: 'file',
    description: 'Certificate for TLS, PEM, with its chain',
  },
].map((option) => ({ ...option, group: 'Network' }) as OptionSpec);

const tokens: readonly OptionSpec[] = [
  {
    flag: 'auth',
    type: 'string',
    choices: ['none'],
    description: 'none: no tokens, everyone may read and write; for development',
  },
  {
    flag: 'jwt-secret',
    env: ['JWT_SECRET'],
    type: 'string',
    placeholder: 'secret',
    description:
      'Shared secret that signs tokens (HS256); at least 32 bytes are advised; better in the environment or a file than as a flag',
  },
  {
    flag: 'jwt-secret-file',
    env: ['JWT_SECRET_FILE'],
    type: 'string',
    placeholder: 'file',
    description: 'File that holds the shared secret',
  },
  {
    flag: 'jwt-public-key',
    env: ['JWT_PUBLIC_KEY'],
    type: 'string',
    placeholder: 'file',
    description: 'Public key or certificate that verifies tokens: a PEM file, or its text',
  },
  {
    flag: 'jwks-url',
    env: ['JWKS_URL'],
    type: 'string',
    placeholder: 'url',
    description: 'Where the issuer of tokens publishes its keys',
  },
  {
    flag: 'jwt-algorithms',
    env: ['JWT_ALGORITHMS'],
    type: 'list',
    placeholder: 'names',
    description:
      'Algorithms to believe; by default HS256 for a secret, what fits a public key, RS256, ES256 and EdDSA for a JWKS',
  },
  {
    flag: 'jwt-issuer',
    env: ['JWT_ISSUER'],
    type: 'string',
    placeholder: 'iss',
    description: 'Issuer that tokens must name',
  },
  {
    flag: 'jwt-audience',
    env: ['JWT_AUDIENCE'],
    type: 'string',
    placeholder: 'aud',
    description: 'Audience that tokens must name',
  },
  {
    flag: 'jwt-clock-tolerance',
    env: ['JWT_CLOCK_TOLERANCE'],
    type: 'duration',
    unit: 's',
    max: 600,
    default: '5s',
    description: 'How far the clocks of issuer and server may differ; expiry is always exact',
  },
  {
    flag: 'jwt-max-life',
    env: ['JWT_MAX_LIFE'],
    type: 'duration',
    unit: 's',
    min: 1,
    placeholder: 'time',
    description: 'No token may live longer; what was revoked is remembered for as long, otherwise for good',
  },
  {
    flag: 'admin-claim',
    env: ['ADMIN_CLAIM'],
    type: 'string',
    placeholder: 'name',
    description: 'Claim that lets the bearer of a token refresh and revoke users over HTTP, where it is true',
  },
  {
    flag: 'token-cookie',
    env: ['TOKEN_COOKIE'],
    type: 'string',
    placeholder: 'name',
    description: 'Cookie that may carry the token, from pages of this host or an allowed origin',
  },
].map((option) => ({ ...option, group: 'Tokens' }) as OptionSpec);

const presence: readonly OptionSpec[] = [
  {
    flag: 'user-claims',
    type: 'list',
    placeholder: 'names',
    default: 'name',
    description: 'Claims of a token that others may see of its user; repeated or with commas',
  },
  {
    flag: 'stamp-user',
    type: 'boolean',
    description: 'Write who somebody is into their awareness states, from the token: nobody can forge a name',
  },
  {
    flag: 'roster-visible',
    type: 'string',
    choices: ['everybody', 'admins', 'nobody'],
    default: 'nobody',
    description: 'Who may see who is, and was, in a document: admins have the claim of --admin-claim',
  },
].map((option) => ({ ...option, group: 'Presence' }) as OptionSpec);

const documents: readonly OptionSpec[] = [
  {
    flag: 'data',
    env: ['DATA_DIR', 'YPERSISTENCE'],
    type: 'string',
    placeholder: 'directory',
    default: './data',
    description: 'Where documents are kept',
  },
  {
    flag: 'durability',
    type: 'string',
    choices: ['fsync', 'os', 'interval'],
    default: 'fsync',
    description: 'What an acknowledgement is worth: on disk, with the operating system, or on disk soon',
  },
  {
    flag: 'accept-loss',
    type: 'boolean',
    description:
      'Open a store that has lost commits to damaged files; clients then offer what they still have',
  },
  {
    flag: 'commit-interval',
    type: 'duration',
    placeholder: 'time',
    max: 60_000,
    default: '10ms',
    description: 'Least time between two commits; up to 3.5 times as long with much to write',
  },
  {
    flag: 'comment-roots',
    env: ['COMMENT_ROOTS'],
    type: 'list',
    placeholder: 'names',
    description:
      'Root types under which the access comment may write; repeated or with commas; none if not given, and then it only reads',
  },
  {
    flag: 'gc',
    env: ['GC'],
    type: 'boolean',
    default: true,
    description: 'Keep deleted content, for histories and snapshots (GC=false)',
  },
].map((option) => ({ ...option, group: 'Documents' }) as OptionSpec);

const general: readonly OptionSpec[] = [
  { flag: 'config', type: 'string', placeholder: 'file', description: 'Config file, JSON' },
  {
    flag: 'demo',
    type: 'boolean',
    description: 'Serve the demo pages and issue tokens for documents under demo/',
  },
  {
    flag: 'log-level',
    env: ['LOG_LEVEL'],
    type: 'string',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    description: 'Least level that is logged',
  },
  {
    flag: 'log-format',
    env: ['LOG_FORMAT'],
    type: 'string',
    choices: ['json', 'pretty'],
    default: 'json',
    description: 'One JSON object per line, or lines to read',
  },
].map((option) => ({ ...option, group: 'General' }) as OptionSpec);

/** All options of `heddle serve`, in the order of the help text. */
export const serveOptions: readonly OptionSpec[] = [
  ...general,
  ...network,
  ...tokens,
  ...presence,
  ...documents,
  ...limitKeys.map(limitOption),
];
