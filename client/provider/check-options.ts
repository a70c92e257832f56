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

/** Throws TypeError, which names the option, where there is one that would do nothing. */
export function checkOptions(url: unknown, options: object): void {
  if (typeof url !== 'string')
    throw new TypeError(
      'HeddleProvider takes its arguments apart: new HeddleProvider(url, name, doc, options)',
    );
  refuseForeign('HeddleProvider', options);
  for (const [name, value] of Object.entries(options)) {
    const isKnown = Object.hasOwn(ownNames, name) || Object.hasOwn(instead, name);
    if (value !== undefined && !isKnown) throw new TypeError(`HeddleProvider has no option \`${name}\``);
  }
}
