// Keeps a page's own files on the device, so that it starts without a network. Owns nothing else: what is not one of those
// files goes to the network as if this were not here, tokens, documents and WebSockets among it. Each example page has one of
// its own, in the folder that it is for.

/** Put in by the build: the page's name, the files of this version by their address from here, and a hash of them all. */
declare const shellName: string;
declare const shellFiles: readonly string[];
declare const shellVersion: string;

/** The part of a service worker's global scope that is used; the page's types have none of it. */
interface ServiceWorkerScope {
  readonly location: Location;
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: LongEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

interface LongEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const worker = globalThis as unknown as ServiceWorkerScope;
const page = new URL('./', worker.location.href).href;
/** All pages of an origin have one list of caches: the same app may be below another path too. No path has a space in it. */
const prefix = `heddle-${shellName} ${new URL(page).pathname} `;
const cacheName = prefix + shellVersion;
const files = new Set(shellFiles.map((file) => new URL(file, page).href));

// All of a version or nothing: a file that cannot be had leaves the version before in charge.
worker.addEventListener('install', (event) => event.waitUntil(fetchAll()));

worker.addEventListener('activate', (event) => event.waitUntil(removeOthers()));

// A version takes over when the reader agrees, or when no window of the one before is left.
worker.addEventListener('message', ({ data }) => {
  if (data === 'take-over') void worker.skipWaiting();
});

worker.addEventListener('fetch', (event) => {
  const file = fileOf(event.request);
  if (file !== undefined) event.respondWith(answer(file, event.request));
});

async function fetchAll(): Promise<void> {
  const cache = await caches.open(cacheName);
  // Past the browser's own cache, which may still hold the version before.
  await cache.addAll([...files].map((file) => new Request(file, { cache: 'no-cache' })));
}

async function removeOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** Which of the app's files is asked for. */
function fileOf({ method, url, mode }: Request): string | undefined {
  if (method !== 'GET') return undefined;
  const { origin, pathname } = new URL(url);
  const address = origin + pathname;
  if (files.has(address)) return address;
  return mode === 'navigate' && address === `${page}index.html` ? page : undefined;
}

async function answer(file: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  // Which encodings a request takes is of no matter here: what is kept is not encoded any more.
  return (await cache.match(file, { ignoreVary: true })) ?? fetch(request);
}
