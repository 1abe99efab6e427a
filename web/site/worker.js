// The service worker: keeps the site, so that it works without a network.
// Before these lines the build writes `version`, and `files`: the addresses of all that is kept.
/* global version, files */

const prefix = 'gesso-site-';
const name = prefix + version;
const lasting = /\/assets\//; // a hash in the name: never changes

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(keepAll());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  event.respondWith(lasting.test(pathname) ? fromCache(event) : fromNetwork(event));
});

// What a page has loaded before this was there to keep it. The answer says that it is kept, or that the
// network did not give it again.
self.addEventListener('message', (event) => {
  const { origin } = self.location;
  const own = event.data.loaded.filter((address) => new URL(address).origin === origin);
  const kept = Promise.allSettled(own.map(keepLoaded));
  event.waitUntil(kept.then(() => event.ports[0].postMessage('kept')));
});

async function keepLoaded(address) {
  if (await caches.match(address, { ignoreVary: true })) return;
  const response = await fetch(address);
  if (response.status === 200) await keep(address, response);
}

async function keepAll() {
  const cache = await caches.open(name);
  await cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' })));
}

async function forgetOthers() {
  for (const other of await caches.keys()) {
    if (other.startsWith(prefix) && other !== name) await caches.delete(other);
  }
}

async function fromCache(event) {
  return (await caches.match(event.request, { ignoreVary: true })) ?? fromNetwork(event);
}

/** The newest there is, kept for later; what was kept, where the network does not answer. */
async function fromNetwork(event) {
  const { request } = event;
  try {
    const response = await fetch(request);
    if (response.status === 200) event.waitUntil(keep(request, response.clone()));
    return response;
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

async function keep(request, response) {
  const cache = await caches.open(name);
  await cache.put(request, response);
}
