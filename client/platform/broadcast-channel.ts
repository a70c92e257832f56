// Messages between the tabs of one browser, where there is a BroadcastChannel. Knows nothing of what they say.

/** What is needed of a BroadcastChannel class: the browser's, or Node's. */
export type BroadcastChannelClass = new (name: string) => {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  postMessage(message: unknown): void;
  close(): void;
};

/** A channel that is open. */
export interface TabMessages {
  /** To all others with a channel of this name. Throws what cannot be cloned. */
  post(message: unknown): void;
  /** Nothing is heard any more. */
  close(): void;
}

/** Undefined where there is none to be had: then nobody else is there. */
export function openTabMessages(
  BroadcastChannelImpl: BroadcastChannelClass | undefined,
  name: string,
  hear: (message: unknown) => void,
): TabMessages | undefined {
  if (BroadcastChannelImpl === undefined) return undefined;
  let isOpen = true;
  let channel: InstanceType<BroadcastChannelClass> & { unref?(): void };
  try {
    channel = new BroadcastChannelImpl(name);
  } catch {
    // A frame without an origin of its own.
    return undefined;
  }
  channel.addEventListener('message', ({ data }) => {
    if (isOpen) hear(data);
  });
  // Node's would keep the process alive.
  channel.unref?.();
  return {
    post: (message) => channel.postMessage(message),
    close() {
      isOpen = false;
      channel.close();
    },
  };
}

/** The platform's own, if it has one. */
export function browserBroadcastChannel(): BroadcastChannelClass | undefined {
  return typeof BroadcastChannel === 'function' ? BroadcastChannel : undefined;
}
