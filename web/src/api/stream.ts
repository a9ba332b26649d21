/** Server-sent events that come back by themselves: a new token for each opening, waiting longer each time. */
import { fetchStreamToken } from "./endpoints";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 20_000;

export type StreamState = "connecting" | "open" | "lost";

type Handlers<Events> = { [Name in keyof Events]: (data: Events[Name]) => void };

/** A stream that `close` ends for good. */
export interface Stream {
  close(): void;
}

/**
 * Open the stream at `path` and hand each event's data to the handler of its name.
 *
 * `onState` hears of each change; after "lost" the stream is opened again until `close` is called.
 */
export function openStream<Events extends object>(
  path: string,
  handlers: Handlers<Events>,
  onState: (state: StreamState) => void = () => undefined,
): Stream {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waitMs = FIRST_WAIT_MS;
  let closed = false;

  const retry = () => {
    source?.close();
    if (closed) return;
    onState("lost");
    timer = setTimeout(() => void open(), waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  };

  const open = async () => {
    try {
      const { stream_token: token } = await fetchStreamToken();
      if (closed) return;
      source = new EventSource(`/api/v1${path}?stream_token=${encodeURIComponent(token)}`);
    } catch {
      // Whatever kept the token from us keeps the stream shut too; `retry` says so and tries again.
      retry();
      return;
    }
    source.onopen = () => {
      waitMs = FIRST_WAIT_MS;
      onState("open");
    };
    source.onerror = retry;
    listen(source, handlers);
  };

  onState("connecting");
  void open();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      source?.close();
    },
  };
}

function listen<Events extends object>(source: EventSource, handlers: Handlers<Events>): void {
  for (const name of Object.keys(handlers) as (keyof Events & string)[]) {
    source.addEventListener(name, (event) => {
      handlers[name](JSON.parse((event as MessageEvent<string>).data) as Events[typeof name]);
    });
  }
}
