// Awareness states with a `user` that the server vouches for (P11). A stamp is what the token says; a state is JSON text.

/** What `user` is in all states of one connection. */
export type Stamp = Readonly<Record<string, string | number | boolean>>;

/** Looks are no identity: where the token gives none, the client may choose them. */
const looks = ['color', 'colorLight'];
/** Characters of a look that a client chooses. */
const maxLookLength = 64;

/**
 * The state with the stamp as its `user`, whatever it says itself. Text in, text out: 'null' stays, and a state that is stamped
 * already comes back the same. Throws for what is no JSON object.
 */
export function stamped(state: string, stamp: Stamp): string {
  if (state === 'null') return state;
  const value = JSON.parse(state) as Record<string, unknown>;
  return JSON.stringify({ ...value, user: { ...looksIn(value['user']), ...stamp } });
}

function looksIn(user: unknown): Record<string, string> {
  if (typeof user !== 'object' || user === null) return {};
  const given = user as Record<string, unknown>;
  const chosen = looks.flatMap((look) => {
    const value = Object.hasOwn(given, look) ? given[look] : undefined;
    return typeof value === 'string' && value.length <= maxLookLength ? [[look, value] as const] : [];
  });
  return Object.fromEntries(chosen);
}
