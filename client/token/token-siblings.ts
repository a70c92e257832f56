// The other tabs that hold a token for the same server: they tell each other of new ones and of a logout, and renew one
// after the other. Knows no token's life.

import type { Clock } from '../../shared/clock.js';
import { openTabMessages, type TabMessages } from '../platform/broadcast-channel.js';
import type { TokenPlatform } from './token-platform.js';

/** What tabs say to each other. Others of another version are not understood, and ignored. */
type Message =
  | { readonly version: typeof version; readonly type: 'token'; readonly token: string }
  | {
      readonly version: typeof version;
      readonly type: 'logout';
      readonly wipe: boolean;
      /** Whom the token was for, as far as it says. */
      readonly user: string | undefined;
    };

const version = 1;

/** Who has waited this long for its turn goes on without it: the tab that has it may be frozen, ms. */
const turnMs = 10_000;

export interface SiblingEvents {
  /** '': it is not in storage any more. */
  token(token: string): void;
  /** `user`: who has logged out; undefined where nobody knows. */
  logout(wipe: boolean, user: string | undefined): void;
}

export class TokenSiblings {
  readonly #name: string;
  readonly #platform: TokenPlatform;
  readonly #clock: Clock;
  /** Undefined once it is closed, and where tabs cannot speak with each other. */
  #messages: TabMessages | undefined;

  constructor(scope: string, platform: TokenPlatform, clock: Clock, events: SiblingEvents) {
    this.#name = `heddle:token:${scope}`;
    this.#platform = platform;
    this.#clock = clock;
    this.#messages = openTabMessages(platform.BroadcastChannel, this.#name, (data) => {
      const message = data as Partial<Record<'version' | 'type' | 'token' | 'wipe' | 'user', unknown>> | null;
      if (message?.version !== version) return;
      if (message.type === 'token' && typeof message.token === 'string') events.token(message.token);
      else if (message.type === 'logout')
        events.logout(message.wipe === true, typeof message.user === 'string' ? message.user : undefined);
    });
  }

  /** '': it is not in storage any more. */
  tell(token: string): void {
    this.#say({ version, type: 'token', token });
  }

  logout(wipe: boolean, user: string | undefined): void {
    this.#say({ version, type: 'logout', wipe, user });
  }

  /**
   * Runs it when it is this tab's turn. `isFirst`: nobody else was at it; otherwise somebody has just been, and what it has
   * told may still be on its way. Ends with what `run` ends with.
   */
  async inTurn<T>(signal: AbortSignal, run: (isFirst: boolean) => Promise<T>): Promise<T> {
    const { locks } = this.#platform;
    let result = undefined as Promise<T> | undefined;
    const hold = (isFirst: boolean): Promise<void> => {
      result = run(isFirst);
      return result.then(
        () => {},
        () => {},
      );
    };
    const patience = new AbortController();
    const giveUp = (): void => {
      timer.cancel();
      patience.abort();
    };
    const timer = this.#clock.after(turnMs, giveUp);
    signal.addEventListener('abort', giveUp);
    try {
      await locks.request(this.#name, { ifAvailable: true }, async (isHeld) => {
        if (isHeld) await hold(true);
      });
      if (result === undefined)
        await locks.request(this.#name, { signal: patience.signal }, () => {
          timer.cancel();
          return hold(false);
        });
    } catch {
      // The turn did not come, or there are no turns here: better twice than not at all.
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
    }
    signal.throwIfAborted();
    return result ?? run(false);
  }

  close(): void {
    this.#messages?.close();
    this.#messages = undefined;
  }

  /** Also once it is closed: a logout that waited for something is done all the same, and the others are to hear of it. */
  #say(message: Message): void {
    const messages = this.#messages ?? openTabMessages(this.#platform.BroadcastChannel, this.#name, () => {});
    messages?.post(message);
    if (messages !== this.#messages) messages?.close();
  }
}
