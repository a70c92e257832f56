// A document as long as a component shows it.

import { onMount, untrack } from 'svelte';
import { toStore } from 'svelte/store';
import { OpenDocument, whenReadable } from '../bindings/open-document.js';
import { Cell } from '../bindings/reading.js';
import type { HeddleProvider } from '../provider/heddle-provider.js';
import type { HeddleProviderOptions } from '../provider/provider-options.js';
import { currentOf, followed, valueOf, type Current, type MaybeGetter } from './followed.js';
import { setDocument, useServer } from './server.js';

/**
 * Opens a document of the server around, and closes it with the component. `current` is undefined until the component is mounted, and
 * while a document of another name is being opened. The options count as they are when it is opened.
 */
export function useDocument(
  name: MaybeGetter<string>,
  options?: MaybeGetter<HeddleProviderOptions | undefined>,
): Current<HeddleProvider | undefined> {
  return openWhileMounted(name, options, (_provider, show) => {
    show();
    return () => {};
  });
}

/**
 * The same, for this component and those inside. `current` is there as soon as there is something to show, with or without a network:
 * `{#if document.current}...{:else}loading{/if}`. On a server that renders pages it is undefined. Another name makes the
 * content anew.
 */
export function provideDocument(
  name: MaybeGetter<string>,
  options?: MaybeGetter<HeddleProviderOptions | undefined>,
): Current<HeddleProvider | undefined> {
  const document = openWhileMounted(name, options, whenReadable);
  setDocument(document);
  return document;
}

function openWhileMounted(
  name: MaybeGetter<string>,
  options: MaybeGetter<HeddleProviderOptions | undefined>,
  whenToShow: (provider: HeddleProvider, show: () => void) => () => void,
): Current<HeddleProvider | undefined> {
  const server = useServer();
  const wanted = toStore(() => ({ server: server(), name: valueOf(name) }));
  const shown = new Cell<OpenDocument | undefined>(undefined);
  onMount(() => {
    let open: OpenDocument | undefined;
    let stopWaiting = (): void => {};
    const close = (): void => {
      stopWaiting();
      open?.close();
    };
    const stop = wanted.subscribe((now) => {
      untrack(() => {
        if (open?.isOf(now.server, now.name) === true) return open.useTokenText(now.server.tokenText);
        close();
        const opened = new OpenDocument(now.server, now.name, valueOf(options));
        open = opened;
        stopWaiting = whenToShow(opened.provider, () => shown.set(opened));
      });
    });
    return () => {
      stop();
      close();
    };
  });
  const latest = currentOf(
    followed(
      () => [],
      () => shown,
    ),
  );
  return {
    get current() {
      const document = latest.current;
      return document?.isOf(server(), valueOf(name)) === true ? document.provider : undefined;
    },
  };
}
