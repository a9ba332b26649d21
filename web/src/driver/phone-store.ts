/** What the page keeps on the phone, in IndexedDB: presses that are to be sent, and the day for when there is no network. */
import type { Outgoing } from "./shapes";

const NAME = "riqing-driver";
const OUTBOX = "outbox";
const KEPT = "kept";

/** Where presses wait until they are sent. */
export interface Outbox {
  /** All that wait, in the order in which they were pressed. */
  all(): Promise<Outgoing[]>;
  /** Keep one, or what has become of it. */
  put(outgoing: Outgoing): Promise<void>;
  remove(reportId: string): Promise<void>;
}

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(OUTBOX, { keyPath: "report.report_id" });
      asked.result.createObjectStore(KEPT);
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error(NAME));
  });
  return opened;
}

/** Run one request in a transaction of its own and wait until that is on disk. */
async function run<Value>(
  store: string,
  mode: IDBTransactionMode,
  make: (of: IDBObjectStore) => IDBRequest<Value>,
): Promise<Value> {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const asked = make(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = () => reject(transaction.error ?? new Error(store));
  });
}

export const outbox: Outbox = {
  async all() {
    const found = await run<Outgoing[]>(OUTBOX, "readonly", (store) => store.getAll() as IDBRequest<Outgoing[]>);
    return found.sort((a, b) => a.report.observed_at.localeCompare(b.report.observed_at));
  },
  async put(outgoing) {
    await run(OUTBOX, "readwrite", (store) => store.put(outgoing));
  },
  async remove(reportId) {
    await run(OUTBOX, "readwrite", (store) => store.delete(reportId));
  },
};

/** Keep a value under a name. */
export async function keep(name: string, value: unknown): Promise<void> {
  await run(KEPT, "readwrite", (store) => store.put(value, name));
}

/** Return what is kept under a name, or null. */
export async function kept<Value>(name: string): Promise<Value | null> {
  return (await run(KEPT, "readonly", (store) => store.get(name) as IDBRequest<Value | undefined>)) ?? null;
}
