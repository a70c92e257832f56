// Vue bindings: public API.

export { HeddleServer, useProvider } from './server.js';
export { HeddleDocument, useDocument } from './document.js';
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
  type DevicesRefs,
} from './composables.js';
export type { PersonPresent, RosterView } from '../bindings/roster.js';
export { useArray, useMap, useText } from './shared-types.js';
export type { ArrayRefs, MapRefs, TextRefs } from './shared-types.js';
export type { Present, SetPresence } from '../bindings/present.js';
export type { SetField, SetText, Splice } from '../bindings/shared-types.js';
export type { TypePath } from '../bindings/type-path.js';
