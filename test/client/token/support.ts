// Tokens that say whose they are, and tabs that use them as a connection would.

import { TokenSource, type TokenSourceDeps } from '../../../client/token/token-source.js';
import type { FakeTab } from '../../support/browser-platform.js';

/** A JWT as far as a client can tell. */
export function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.signature`;
}

export interface UsedSource {
  readonly source: TokenSource;
  /** `renewed <token>`, `failed <message>`, `logged-out <wipe>`, in order. */
  readonly events: string[];
  readonly renewed: string[];
}

export function useSource(tab: FakeTab, deps: Partial<TokenSourceDeps>): UsedSource {
  const source = new TokenSource({
    token: undefined,
    scope: 'ws://server/',
    clock: tab.clock,
    random: () => 0.5,
    platform: tab,
    ...deps,
  });
  const events: string[] = [];
  const renewed: string[] = [];
  source.on('renewed', (token) => {
    events.push('renewed');
    renewed.push(token);
  });
  source.on('failed', ({ message }) => void events.push(`failed ${message}`));
  source.on('logged-out', ({ wipe }) => void events.push(`logged-out ${wipe}`));
  return { source, events, renewed };
}

export const seconds = (ms: number): number => Math.floor(ms / 1000);
