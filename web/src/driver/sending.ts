/** Sending what waits on the phone: in order, each until the API has it, and nothing twice that counts twice. */
import { ApiProblem, sentenceOf } from "../api/problem";
import type { Outbox } from "./phone-store";
import type { Outgoing, Report } from "./shapes";

/** The requests that sending makes; both may be made again without harm. */
export interface Receiver {
  report(report: Report): Promise<unknown>;
  photo(reportId: string, photo: Blob): Promise<unknown>;
}

/**
 * Send all that waits; returns whether nothing is left to be sent.
 *
 * Where the API cannot be reached, or is not ready for it, what is left stays for the next time. What it will not
 * have at all is kept with the reason, and does not hold up the others.
 */
export async function sendAll(outbox: Outbox, receiver: Receiver): Promise<boolean> {
  for (const waiting of await outbox.all()) {
    if (waiting.refusal !== null) continue;
    try {
      await sendOne(waiting, outbox, receiver);
    } catch (problem) {
      if (!isFinal(problem)) return false;
      await outbox.put({ ...waiting, refusal: sentenceOf(problem) });
    }
  }
  return true;
}

async function sendOne(waiting: Outgoing, outbox: Outbox, receiver: Receiver): Promise<void> {
  const { report, photo } = waiting;
  if (!waiting.isSent) {
    await receiver.report(report);
    if (photo !== null) await outbox.put({ ...waiting, isSent: true });
  }
  if (photo !== null) await receiver.photo(report.report_id, photo);
  await outbox.remove(report.report_id);
}

/** Whether trying again cannot help: the request itself is wrong. Signing in, waiting or a network can help. */
function isFinal(problem: unknown): boolean {
  if (!(problem instanceof ApiProblem)) throw problem;
  return problem.status >= 400 && problem.status < 500 && ![401, 408, 425, 429].includes(problem.status);
}
