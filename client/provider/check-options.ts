// Options of a provider: all that there are. Others are refused, as an option that did nothing would be found out much later.

import { callbackNames } from './callback-options.js';
import { instead, refuseForeign } from './foreign-options.js';
import type { HeddleProviderOptions } from './provider-options.js';

/** All options there are. */
const ownNames = {
  ...callbackNames,
  token: true,
  tokenStorageKey: true,
  user: true,
  device: true,
  deviceName: true,
  devicePlatform: true,
  httpFallback: true,
  WebSocketPolyfill: true,
  connection: true,
  connect: true,
  awareness: true,
  offline: true,
  tabs: true,
  disableBc: true,
  warnBeforeUnload: true,
  autoLoadSubdocs: true,
} as const satisfies Record<keyof HeddleProviderOptions, true>;

/**
 * Throws TypeError, in words that say what to write, where an argument is missing or of another kind, or where there is an option
 * that would do nothing.
 */
export function checkArguments(url: unknown, name: unknown, doc: unknown, options: object): void {
  if (typeof url !== 'string')
    throw new TypeError(`HeddleProvider takes its arguments apart: ${shape}${fromOne(url)}`);
  if (typeof name !== 'string')
    throw new TypeError(`the second argument is the name of a document, a text: ${shape}`);
  if (typeof doc !== 'object' || doc === null)
    throw new TypeError(`the third argument is a Y.Doc, and there is none: ${shape}`);
  refuseForeign('HeddleProvider', options);
  for (const [name, value] of Object.entries(options)) {
    const isKnown = Object.hasOwn(ownNames, name) || Object.hasOwn(instead, name);
    if (value !== undefined && !isKnown) throw new TypeError(`HeddleProvider has no option \`${name}\``);
  }
}

const shape = 'new HeddleProvider(url, name, doc, options)';

/** Hocuspocus' provider takes one object: how the same is written here. */
function fromOne(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('document' in value || 'name' in value)) return '';
  return ". Of Hocuspocus' one object, `url`, `name` and `document` are the first three, and the rest are the options";
}
