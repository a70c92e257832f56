// Which sessions belong to a user, a device or a token, by the claims of the token in force.

import type { Claims } from '../../shared/permission.js';
import type { Session } from './session.js';

/** Whose sessions: those to which all that is given applies. At least one is given. */
export interface Whose {
  readonly sub?: string | undefined;
  /** The claim `sid`. */
  readonly device?: string | undefined;
  readonly jti?: string | undefined;
}

/** One session is held as it is: most tokens and devices have one, and a set for each would be kept for every connection. */
type Held = Session | Set<Session>;

class ByName {
  readonly #held = new Map<string, Held>();

  add(name: string | undefined, session: Session): void {
    if (name === undefined) return;
    const held = this.#held.get(name);
    if (held === undefined) this.#held.set(name, session);
    else if (held instanceof Set) held.add(session);
    else this.#held.set(name, new Set([held, session]));
  }

  remove(name: string | undefined, session: Session): void {
    if (name === undefined) return;
    const held = this.#held.get(name);
    if (held instanceof Set) {
      held.delete(session);
      if (held.size > 0) return;
    } else if (held !== session) return;
    this.#held.delete(name);
  }

  get(name: string): Session[] {
    const held = this.#held.get(name);
    if (held === undefined) return [];
    return held instanceof Set ? [...held] : [held];
  }
}

export class SessionIndex {
  readonly #bySub = new ByName();
  readonly #byDevice = new ByName();
  readonly #byJti = new ByName();

  add(session: Session, claims: Claims | undefined): void {
    this.#bySub.add(claims?.sub, session);
    this.#byDevice.add(claims?.sid, session);
    this.#byJti.add(claims?.jti, session);
  }

  /** `claims`: those that the session was added with. */
  remove(session: Session, claims: Claims | undefined): void {
    this.#bySub.remove(claims?.sub, session);
    this.#byDevice.remove(claims?.sid, session);
    this.#byJti.remove(claims?.jti, session);
  }

  find({ sub, device, jti }: Whose): Session[] {
    // From the narrowest on.
    if (jti !== undefined) return this.#byJti.get(jti).filter(isOf({ sub, device }));
    if (device !== undefined) return this.#byDevice.get(device).filter(isOf({ sub }));
    return sub === undefined ? [] : this.#bySub.get(sub);
  }
}

function isOf({ sub, device }: Whose): (session: Session) => boolean {
  return ({ claims }) =>
    (sub === undefined || claims?.sub === sub) && (device === undefined || claims?.sid === device);
}
