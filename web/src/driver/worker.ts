/** The service worker of the driver's page: keeps the page and its files, so that it opens in a dead spot. */

interface LaterEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface AskedEvent extends LaterEvent {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Worker {
  addEventListener(type: "install" | "activate", listener: (event: LaterEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: AskedEvent) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  registration: { scope: string };
}

const worker = self as unknown as Worker;
const CACHE = "riqing-driver";
/** A network that answers later than this is as good as none. */
const PATIENCE_MS = 4_000;

worker.addEventListener("install", (event) => event.waitUntil(keepPage().then(() => worker.skipWaiting())));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin || address.pathname.startsWith("/api/")) return;
  event.respondWith(request.mode === "navigate" ? pageOrKept(request) : keptOrFetched(request));
});

/** Keep the page with all files that it names; those of an older build are forgotten. */
async function keepPage(): Promise<void> {
  const page = await fetch(worker.registration.scope, { cache: "no-cache" });
  if (page.ok) await keepWithFiles(page);
}

async function keepWithFiles(page: Response): Promise<void> {
  const cache = await caches.open(CACHE);
  const html = await page.clone().text();
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, address = ""]) => new URL(address, worker.registration.scope).href,
  );
  const missing = [];
  for (const address of named) if ((await cache.match(address)) === undefined) missing.push(address);
  await cache.addAll(missing);
  await cache.put(worker.registration.scope, page);
  const wanted = new Set([...named, worker.registration.scope]);
  for (const kept of await cache.keys()) if (!wanted.has(kept.url)) await cache.delete(kept);
}

/** The page as the server has it now, else as it was kept. */
async function pageOrKept(request: Request): Promise<Response> {
  try {
    const page = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (page.ok) await keepWithFiles(page.clone());
    return page;
  } catch (problem) {
    const kept = await caches.match(worker.registration.scope);
    if (kept === undefined) throw problem;
    return kept;
  }
}

/** A file of the build never changes under its name. */
async function keptOrFetched(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}
