// What an application says of its users, as a type that it registers once. Types only, and exported with `export *`: an
// interface that is exported by name cannot be extended from outside.

/**
 * What this application shows of each user, by field. Empty here; an application extends it:
 * `declare module 'heddle/client' { interface HeddlePresence { name: string; caret?: number } }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface -- reason: applications extend it
export interface HeddlePresence {}

/** HeddlePresence where the application has extended it, and any object otherwise. */
export type PresenceState = keyof HeddlePresence extends never ? Record<string, unknown> : HeddlePresence;
