/** Requests to the API: the token goes with each, and an answer that is an error becomes an `ApiProblem`. */
import { accessToken, signOut } from "../state/session";
import { t } from "../i18n/catalogue";
import { ApiProblem } from "./problem";
import type { Page, Problem } from "./types";

const BASE = "/api/v1";

interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON, or as a form where it is URLSearchParams. */
  body?: unknown;
  accept?: string;
}

/** Ask for `path` below /api/v1 and return the JSON of the answer; throws `ApiProblem`. */
export async function request<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await send(path, options);
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as Answer;
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
  const headers = new Headers({ Accept: options.accept ?? "application/json" });
  if (accessToken.value !== null) headers.set("Authorization", `Bearer ${accessToken.value}`);
  let body: string | URLSearchParams | null = null;
  if (options.body instanceof URLSearchParams) {
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
