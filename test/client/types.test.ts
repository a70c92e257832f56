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
  useArray,
  useConnection,
  useMap,
  usePresence,
  useSelf,
  useSyncStatus,
  useText,
  type Present,
} from '../../client/react/index.js';
import * as svelte from '../../client/svelte/index.js';
import * as vue from '../../client/vue/index.js';

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

test('K72, K74: shared types are typed, and may be undefined only where a path leads', () => {
  interface ToDo {
    readonly title: string;
    readonly done: boolean;
  }
  const inReact = (type: Y.Map<string>, maybe: Y.Text | undefined): void => {
    const [text, setText, ytext] = useText('text');
    expectTypeOf(text).toEqualTypeOf<string>();
    expectTypeOf(setText).toBeCallableWith('x');
    expectTypeOf(ytext).toEqualTypeOf<Y.Text>();
    expectTypeOf(useText(['todos', 0, 'title'])[0]).toEqualTypeOf<string | undefined>();
    expectTypeOf(useText(maybe)[2]).toEqualTypeOf<Y.Text | undefined>();
    const [todo, setField] = useMap<ToDo>(type);
    expectTypeOf(todo.done).toEqualTypeOf<boolean | undefined>();
    setField('done', undefined);
    // @ts-expect-error there is no such field
    setField('gone', 1);
    // @ts-expect-error it is a boolean
    setField('done', 'yes');
    const [todos, splice] = useArray<ToDo>('todos');
    expectTypeOf(todos).toEqualTypeOf<readonly ToDo[]>();
    splice(0, 1, { title: 'milk', done: false });
    // @ts-expect-error it is no to-do
    splice(0, 1, { title: 'milk' });
  };
  const inVue = (): void => {
    expectTypeOf(vue.useText('text').text.value).toEqualTypeOf<string>();
    expectTypeOf(vue.useText(() => ['a', 'b'] as const).text.value).toEqualTypeOf<string | undefined>();
    expectTypeOf(vue.useMap<ToDo>('todo').map.value.title).toEqualTypeOf<string | undefined>();
    expectTypeOf(vue.useSelf<Shown>().value).toEqualTypeOf<Present<Shown> | undefined>();
    const names = vue.useOthers((others: readonly Present<Shown>[]) => others.map(({ state }) => state.name));
    expectTypeOf(names.value).toEqualTypeOf<(string | undefined)[]>();
  };
  const inSvelte = (): void => {
    expectTypeOf(svelte.useText('text').current).toEqualTypeOf<string>();
    expectTypeOf(svelte.useText(['a', 'b']).current).toEqualTypeOf<string | undefined>();
    expectTypeOf(svelte.useArray<ToDo>('todos').current).toEqualTypeOf<readonly ToDo[]>();
    expectTypeOf(svelte.useSyncStatus().current).toEqualTypeOf<SyncStatus>();
  };
  for (const one of [inReact, inVue, inSvelte]) expectTypeOf(one).toBeFunction();
});
