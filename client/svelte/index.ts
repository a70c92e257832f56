// Svelte bindings, for Svelte 5.7 and later: public API.

export { provideServer, useProvider, type ServerOptions } from './server.js';
export { provideDocument, useDocument } from './document.js';
export {
  useConnection,
  useConnectionState,
  useDevices,
  useDoc,
  useOthers,
  usePeople,
  usePresence,
  useRoster,
  useSelf,
  useSetPresence,
  useSyncStatus,
  type CurrentDevices,
} from './functions.js';
export type { PersonPresent, RosterView } from '../bindings/roster.js';
export { useArray, useMap, useText } from './shared-types.js';
export type { CurrentArray, CurrentMap, CurrentText } from './shared-types.js';
export type { Current, MaybeGetter } from './followed.js';
export type { Present, SetPresence } from '../bindings/present.js';
export type { SetField, SetText, Splice } from '../bindings/shared-types.js';
export type { TypePath } from '../bindings/type-path.js';
