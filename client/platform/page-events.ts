// What a page learns of its own life: when it may have slept, lost or found the network, and when it goes. Works, saying
// less, in workers; says nothing in Node.

/** What can be listened to; a window and a worker's global scope are such. */
interface EventHub {
  addEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void;
  removeEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void;
}

export interface PageListener {
  /** The network has come or gone, or the page has been brought back: what was believed a moment ago may be wrong. */
  woke?(): void;
  /** The page is hidden or about to go; it may be frozen, or never run again. */
  leaving?(): void;
  /**
   * It is put away as a whole, to be shown again perhaps (back/forward cache), or it is frozen. It is told once for each time,
   * in place of `leaving`. What a page holds on to may keep it from being put away, and so may a transaction under way.
   */
  stored?(): void;
  /** It is back from there. */
  restored?(): void;
}

/** Nobody sees it; false where there is no page. */
export function isPageHidden(): boolean {
  return (globalThis as { document?: { visibilityState?: string } }).document?.visibilityState === 'hidden';
}

/** Listens until the function that it returns is called. */
export function listenToPage(listener: PageListener): () => void {
  const undo: (() => void)[] = [];
  const on = (
    hub: EventHub | undefined,
    type: string,
    run: (event: { persisted?: boolean }) => void,
  ): void => {
    if (typeof hub?.addEventListener !== 'function') return;
    hub.addEventListener(type, run);
    undo.push(() => hub.removeEventListener(type, run));
  };
  const { document } = globalThis as { document?: EventHub & { visibilityState: string } };
  const scope = globalThis as unknown as EventHub;
  let isStored = false;
  const store = (): void => {
    if (!isStored) listener.stored?.();
    isStored = true;
  };
  const restore = (): void => {
    if (isStored) listener.restored?.();
    isStored = false;
  };
  for (const type of ['online', 'offline']) on(scope, type, () => listener.woke?.());
  on(scope, 'pageshow', () => {
    restore();
    listener.woke?.();
  });
  on(scope, 'pagehide', ({ persisted }) => {
    if (persisted === true) store();
    else listener.leaving?.();
  });
  on(document, 'freeze', store);
  on(document, 'resume', restore);
  on(document, 'visibilitychange', () => {
    if (document?.visibilityState === 'hidden') listener.leaving?.();
    else listener.woke?.();
  });
  return () => {
    for (const one of undo.splice(0)) one();
  };
}

/** A question before the page is left. */
export interface LeavingQuestion {
  /** What it depends on may have changed. */
  look(): void;
  stop(): void;
}

/**
 * Asks before the page is left while `isUnsafe` says so. Listens only then: some browsers keep no page that listens for
 * `beforeunload` in their back/forward cache.
 */
export function warnBeforeLeaving(isUnsafe: () => boolean): LeavingQuestion {
  const { window } = globalThis as { window?: Window };
  const ask = (event: BeforeUnloadEvent): void => {
    if (isUnsafe()) event.preventDefault();
  };
  let isListening = false;
  const listen = (shouldListen: boolean): void => {
    if (shouldListen === isListening) return;
    isListening = shouldListen;
    if (shouldListen) window?.addEventListener('beforeunload', ask);
    else window?.removeEventListener('beforeunload', ask);
  };
  listen(isUnsafe());
  return { look: () => listen(isUnsafe()), stop: () => listen(false) };
}
