/** Tokens are renewed in time, once for all who wait, and forgotten where the session is over. */
import { beforeEach, describe, expect, it, vi } from "vitest";

const stored = new Map<string, string>();
vi.stubGlobal("sessionStorage", {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
  removeItem: (key: string) => stored.delete(key),
});
vi.stubGlobal("localStorage", globalThis.sessionStorage);

const { request, endSession } = await import("./client");
const { session, signInAs, signOutReason } = await import("../state/session");

const TOKENS = { expires_in: 3600, user_name: "wang", role: "office" } as const;

interface Asked {
  path: string;
  authorization: string | null;
  body: string;
}

let asked: Asked[] = [];

/** Answer each request by its path, and note it. */
function answering(answers: (one: Asked) => Response) {
  vi.stubGlobal("fetch", (path: string, options: { headers: Headers; body: unknown }) => {
    const body = options.body instanceof URLSearchParams ? options.body.toString() : "";
    const one = { path, authorization: options.headers.get("Authorization"), body };
    asked.push(one);
    return Promise.resolve(answers(one));
  });
}

const renewed = () => Response.json({ ...TOKENS, access_token: "a2", refresh_token: "r2" });
const problem = (status: number) => Response.json({ detail: "no" }, { status });

describe("a token that is about to end", () => {
  beforeEach(() => {
    asked = [];
    signInAs({ ...TOKENS, access_token: "a1", refresh_token: "r1", expires_in: 30 });
  });

  it("is renewed once for all who wait, and the new one is used", async () => {
    answering(({ path }) => (path.endsWith("/auth/token") ? renewed() : Response.json({})));
    await Promise.all([request("/town"), request("/clock"), request("/zones")]);
    expect(asked.filter(({ path }) => path.endsWith("/auth/token"))).toHaveLength(1);
    expect(asked[0]?.body).toBe("grant_type=refresh_token&refresh_token=r1");
    expect(asked.slice(1).map(({ authorization }) => authorization)).toEqual(Array(3).fill("Bearer a2"));
    await request("/town");
    expect(asked).toHaveLength(5);
  });

  it("signs out where the session is over", async () => {
    answering(() => problem(401));
    await expect(request("/town")).rejects.toThrow("no");
    expect(session.value).toBeNull();
    expect(signOutReason.value).toBe("expired");
  });

  it("stays where the server has a bad moment", async () => {
    answering(({ path }) => (path.endsWith("/auth/token") ? problem(503) : Response.json({})));
    await request("/town");
    expect(session.value?.token).toBe("a1");
  });
});

it("ends the session at the server as well", () => {
  asked = [];
  answering(() => new Response(null, { status: 204 }));
  signInAs({ ...TOKENS, access_token: "a3", refresh_token: "r3" });
  endSession();
  expect(asked.map(({ path, authorization }) => [path, authorization])).toEqual([
    ["/api/v1/auth/sign-out", "Bearer a3"],
  ]);
  expect([session.value, stored.has("riqing.session")]).toEqual([null, false]);
});
