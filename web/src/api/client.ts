/** Requests to the API: the token goes with each and is renewed in time; an error becomes an `ApiProblem`. */
import { accessToken, session, signInAs, signOut } from "../state/session";
import { t } from "../i18n/catalogue";
import { ApiProblem } from "./problem";
import type { AccessToken, Page, Problem } from "./types";

const BASE = "/api/v1";

/** A token that ends so soon is renewed before it is used. */
const RENEWED_BEFORE_END_MS = 60_000;

interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON, or as it is where it is a form (URLSearchParams) or a file (Blob). */
  body?: unknown;
  accept?: string;
}

/** Ask for `path` below /api/v1 and return the JSON of the answer; throws `ApiProblem`. */
export async function request<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await send(path, options);
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

/** Ask for a file below /api/v1; throws `ApiProblem`. */
export async function requestFile(path: string, accept: string): Promise<Blob> {
  const response = await send(path, { accept });
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** Return the items of all pages of a collection. */
export async function requestAll<Item>(path: string): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const separator = path.includes("?") ? "&" : "?";
    const page: Page<Item> = await request(
      `${path}${separator}limit=5000${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  if (session.value !== null && session.value.tokenEndsAt - Date.now() < RENEWED_BEFORE_END_MS) await renew();
  return fetchWithToken(path, options);
}

let renewing: Promise<void> | null = null;

/** Get the next tokens, once for all who wait; where that is refused, what is asked next signs out. */
function renew(): Promise<void> {
  renewing ??= askForTokens().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function askForTokens(): Promise<void> {
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: session.value?.refreshToken ?? "" });
  const response = await fetchWithToken("/auth/token", { method: "POST", body });
  if (response.ok) signInAs((await response.json()) as AccessToken);
  else if (response.status === 401) signOut("expired");
}

/** End the session at the server and here. */
export function endSession(): void {
  if (session.value === null) return;
  // Whether the server hears of it or not, this tab forgets its tokens.
  fetchWithToken("/auth/sign-out", { method: "POST" }).catch(() => undefined);
  signOut();
}

async function fetchWithToken(path: string, options: RequestOptions): Promise<Response> {
  const headers = new Headers({ Accept: options.accept ?? "application/json" });
  if (accessToken.value !== null) headers.set("Authorization", `Bearer ${accessToken.value}`);
  let body: string | URLSearchParams | Blob | null = null;
  if (options.body instanceof URLSearchParams || options.body instanceof Blob) {
    body = options.body;
  } else if (options.body !== undefined) {
    headers.set("Content-Type", "application/json");
    body = JSON.stringify(options.body);
  }
  try {
    return await fetch(BASE + path, { method: options.method ?? "GET", headers, body });
  } catch (error) {
    if (error instanceof TypeError) throw new ApiProblem(t("error.network"), 0);
    throw error;
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const isProblem = response.headers.get("Content-Type")?.includes("json") ?? false;
  const problem = isProblem ? ((await response.json()) as Partial<Problem>) : {};
  if (response.status === 401 && accessToken.value !== null) signOut("expired");
  const fields = problem.errors?.map((error) => `${error.field}: ${error.message}`) ?? [];
  const sentence = [problem.detail ?? problem.title, ...fields].filter(Boolean).join(" ");
  return new ApiProblem(sentence || t("error.unexpected", { status: response.status }), response.status);
}
