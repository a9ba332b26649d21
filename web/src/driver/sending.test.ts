/** What is pressed without a network arrives once, in its order, whatever happens on the way. */
import { expect, test } from "vitest";

import { ApiProblem } from "../api/problem";
import type { Outbox } from "./phone-store";
import { sendAll, type Receiver } from "./sending";
import type { Outgoing, Report } from "./shapes";

const report = (id: string): Report => ({
  report_id: id,
  vehicle_id: "V1",
  point_id: id,
  occurrence: 1,
  observed_at: "2026-11-21T01:00:00Z",
  outcome: "served",
  reason: null,
  note: null,
  lon: null,
  lat: null,
  accuracy_m: null,
});

function outboxOf(...waiting: Outgoing[]): Outbox & { left: Map<string, Outgoing> } {
  const left = new Map(waiting.map((outgoing) => [outgoing.report.report_id, outgoing]));
  return {
    left,
    all: () => Promise.resolve([...left.values()]),
    put: (outgoing) => Promise.resolve(void left.set(outgoing.report.report_id, outgoing)),
    remove: (reportId) => Promise.resolve(void left.delete(reportId)),
  };
}

const waiting = (id: string, photo: Blob | null = null): Outgoing => ({
  report: report(id),
  photo,
  isSent: false,
  refusal: null,
});

/** A receiver that answers each request by the next of `answers`: true, or the status of a problem. */
function receiverOf(...answers: (true | number)[]): Receiver & { got: string[] } {
  const got: string[] = [];
  const answer = (what: string): Promise<void> => {
    const next = answers.shift() ?? true;
    if (next === true) {
      got.push(what);
      return Promise.resolve();
    }
    return Promise.reject(new ApiProblem(`refused with ${next}`, next));
  };
  return { got, report: (sent) => answer(sent.report_id), photo: (id) => answer(`photo of ${id}`) };
}

const photo = new Blob(["p"]);

test("all that waits is sent in its order, a photo behind its report", async () => {
  const outbox = outboxOf(waiting("a", photo), waiting("b"));
  const receiver = receiverOf();
  expect(await sendAll(outbox, receiver)).toBe(true);
  expect(receiver.got).toEqual(["a", "photo of a", "b"]);
  expect(outbox.left.size).toBe(0);
});

test.each([0, 401, 429, 503])("with status %i all stays for the next time", async (status) => {
  const outbox = outboxOf(waiting("a"), waiting("b"));
  expect(await sendAll(outbox, receiverOf(status))).toBe(false);
  expect([...outbox.left.keys()]).toEqual(["a", "b"]);
});

test("a report whose photo did not go through is not sent again", async () => {
  const outbox = outboxOf(waiting("a", photo));
  expect(await sendAll(outbox, receiverOf(true, 0))).toBe(false);
  const receiver = receiverOf();
  await sendAll(outbox, receiver);
  expect(receiver.got).toEqual(["photo of a"]);
});

test("what the API will not have is kept with the reason, and holds up nothing", async () => {
  const outbox = outboxOf(waiting("a"), waiting("b"));
  const receiver = receiverOf(422, true);
  expect(await sendAll(outbox, receiver)).toBe(true);
  expect(receiver.got).toEqual(["b"]);
  expect(outbox.left.get("a")?.refusal).toBe("refused with 422");
  expect(await sendAll(outbox, receiver)).toBe(true);
  expect(receiver.got).toEqual(["b"]);
});
