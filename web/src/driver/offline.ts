/** Lets the page itself open without a network: a service worker keeps it. */

/** Start the service worker, where the page was built and the browser has them (they want HTTPS or this machine). */
export function stayOffline(): void {
  if (import.meta.env.PROD && "serviceWorker" in navigator) void navigator.serviceWorker.register("./worker.js");
}
