// The page of all errors: numbers from the tables of the code, words from the guide.

import { exitCodes } from '../server/errors.js';
import { errorTable, type ErrorCode, type Retry } from '../shared/errors.js';
import {
  exitAdvice,
  offlineAdvice,
  reasonAdvice,
  storeAdvice,
  wireAdvice,
  type Advice,
} from './error-guide.js';

const retryWords: Readonly<Record<Retry, string>> = {
  never: 'not tried again until something changes',
  'after-auth': 'tried again with a new token',
  backoff: 'tried again by itself, later',
};

/** The page, as Markdown. */
export function errorsPage(): string {
  const codes = Object.keys(errorTable) as ErrorCode[];
  return `${[
    '# Errors and close codes',
    'What went wrong, why, and what to do. A close code of 44xx means: do not try again until something changes. 45xx, 1011 and 1012 mean: try again later. Our client does that by itself.',
    '## On the wire',
    'Codes of close frames, of refusals on an open connection, and of HTTP answers. The reason that comes with one is its name, a colon, and details.',
    ...codes.map(wireSection),
    '## status.reason.kind',
    'What a provider shows where it cannot go on. `status.reason.code` is the code of the wire, where the server said one.',
    ...sections(reasonAdvice),
    '## status.offlineError',
    'Why the copy on a device cannot be read or is not whole.',
    ...sections(offlineAdvice),
    '## The store',
    'What the log of a server, or a command, says of the data directory.',
    ...sections(storeAdvice, 'Store: '),
    '## Exit codes of the command',
    ...Object.entries(exitCodes).map(([name, code]) =>
      section(`Exit code ${code}`, exitAdvice[name as keyof typeof exitCodes]),
    ),
  ].join('\n\n')}\n`;
}

function wireSection(code: ErrorCode): string {
  const { close, http, retry } = errorTable[code];
  return section(code, wireAdvice[code], `Close code **${close}**, HTTP ${http}; ${retryWords[retry]}.`);
}

/** `prefix` tells headings of the same name apart. */
function sections(advice: Readonly<Record<string, Advice>>, prefix = ''): string[] {
  return Object.entries(advice).map(([name, one]) => section(`${prefix}${name}`, one));
}

function section(heading: string, { cause, cure }: Advice, facts = ''): string {
  return [`### ${heading}`, facts, `**Cause.** ${cause}`, `**Cure.** ${cure}`].filter(Boolean).join('\n\n');
}
