// The types of the public API, as applications write against them. Checked by the compiler; run so that they are not unused.

import { Awareness } from 'y-protocols/awareness';
import { expectTypeOf, test } from 'vitest';
import { WebSocket } from 'ws';
import type { WebsocketProvider } from 'y-websocket';
import type * as Y from 'yjs';
import {
  HeddleConnection,
  HeddleProvider,
  listOfflineCopies,
  type HeddleProviderOptions,
  type OfflineCopyInfo,
  type OfflineError,
  type StatusReasonKind,
  type SyncPhase,
  type SyncStatus,
  type TokenFunction,
  type TokenOption,
  type TokenWanted,
} from '../../client/index.js';
import {
  useConnection,
  usePresence,
  useSelf,
  useSyncStatus,
  type Present,
} from '../../client/react/index.js';

interface Shown {
  readonly name: string;
}

test('K1 the types are those that applications rely on', () => {
  expectTypeOf(HeddleProvider).constructorParameters.toEqualTypeOf<
    [url: string, name: string, doc: Y.Doc, options?: HeddleProviderOptions | undefined]
  >();
  expectTypeOf<HeddleProvider>().toExtend<
    Pick<
      WebsocketProvider,
      'awareness' | 'doc' | 'roomname' | 'synced' | 'wsconnected' | 'connect' | 'disconnect'
    >
  >();
  expectTypeOf<HeddleProvider['awareness']>().toEqualTypeOf<Awareness>();
  expectTypeOf<HeddleProvider['status']>().toEqualTypeOf<SyncStatus>();
  expectTypeOf<SyncStatus['phase']>().toEqualTypeOf<SyncPhase>();
  expectTypeOf<NonNullable<SyncStatus['reason']>['kind']>().toEqualTypeOf<StatusReasonKind>();
  expectTypeOf<SyncStatus['offlineError']>().toEqualTypeOf<OfflineError | undefined>();
  expectTypeOf<HeddleProvider['whenSynced']>().toEqualTypeOf<Promise<void>>();
  expectTypeOf<HeddleConnection['logout']>().toBeCallableWith({ wipe: true });
  expectTypeOf<HeddleConnection['logout']>().toBeCallableWith({ wipe: true, unsynced: 'refuse' });
  expectTypeOf(listOfflineCopies).returns.resolves.toEqualTypeOf<OfflineCopyInfo[]>();
  expectTypeOf(useSyncStatus).returns.toEqualTypeOf<SyncStatus>();
  expectTypeOf(usePresence<Shown>).returns.toEqualTypeOf<readonly Present<Shown>[]>();
  expectTypeOf(useSelf<Shown>).returns.toEqualTypeOf<Present<Shown> | undefined>();
  expectTypeOf<Present<Shown>['state']['name']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Present['state']>().toExtend<Readonly<Record<string, unknown>>>();
  expectTypeOf(useConnection).returns.toEqualTypeOf<HeddleConnection>();
  expectTypeOf<TokenFunction>().parameter(0).toEqualTypeOf<TokenWanted>();
  expectTypeOf<(wanted: TokenWanted) => string>().toExtend<TokenOption>();
  expectTypeOf({ WebSocketPolyfill: WebSocket, token: async () => 'jwt' }).toExtend<HeddleProviderOptions>();
  expectTypeOf<{ token: () => number }>().not.toExtend<HeddleProviderOptions>();
  const listen = (provider: HeddleProvider): void => {
    provider.on('status', ({ status }) =>
      expectTypeOf(status).toEqualTypeOf<'connected' | 'connecting' | 'disconnected'>(),
    );
    provider.on('sync', (isSynced) => expectTypeOf(isSynced).toEqualTypeOf<boolean>());
    // @ts-expect-error there is no such event
    provider.on('stateless', () => {});
  };
  expectTypeOf(listen).toBeFunction();
});
