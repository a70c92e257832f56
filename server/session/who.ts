// Who a line of the log is about.

import type { SyncError } from '../../shared/errors.js';
import type { LogFields, Logger } from '../../shared/logger.js';

/** What an operator needs to find a client again. Of a token it has the key id and, once it is believed, the user. */
export interface Who extends LogFields {
  /** As in hooks and in `server.connections`. */
  readonly connection: string;
  readonly address: string;
  /** Of the page, as the browser says. */
  readonly origin: string | undefined;
  readonly document?: string | undefined;
  readonly sub: string | undefined;
  /** The key that the token names. */
  readonly kid: string | undefined;
}

/** What was refused: a connection, a document, or something that was said. */
export type Refused =
  | 'connection'
  | 'document'
  | 'token'
  | 'update'
  | 'awareness update'
  | 'call'
  | 'operation'
  | 'device request';

/** One line for one refusal: a fault of ours as an error. */
export function logRefusal(
  logger: Logger,
  error: SyncError,
  who: Partial<Who>,
  what: Refused,
  {
    how = 'refused',
    ...more
  }: { readonly how?: 'refused' | 'closed'; readonly [field: string]: unknown } = {},
): void {
  const fields = { code: error.code, ...who, ...more, err: error.cause ?? error.message };
  const article = /^[aeiou]/.test(what) ? 'an' : 'a';
  if (error.code === 'INTERNAL') logger.error(fields, `${article} ${what} failed`);
  else logger.info(fields, `${article} ${what} was ${how}`);
}

/** Texts that many connections share, kept once: origins and key ids. Also cuts what nobody would read to its end. */
export class SharedTexts {
  readonly #known = new Map<string, string>();

  of(text: string | undefined): string | undefined {
    if (text === undefined || text === '') return undefined;
    const cut = shortened(text);
    const known = this.#known.get(cut);
    if (known === undefined && this.#known.size < maxTexts) this.#known.set(cut, cut);
    return known ?? cut;
  }
}

/** The beginning of the text, as a copy: what is cut out of a header keeps all of it in memory. */
export function shortened(text: string): string {
  return Buffer.from(text.slice(0, maxLength)).toString();
}

const maxLength = 200;
const maxTexts = 1_000;
