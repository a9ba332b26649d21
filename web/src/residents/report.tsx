/** Reporting dirt: what, where, and a photo; the answer is a number to follow it by. */
import { useSignal } from "@preact/signals";

import { request } from "../api/client";
import { sentenceOf } from "../api/problem";
import type { Position } from "../api/types";
import { Problem } from "../components/notice";
import { PhotoField } from "../frame/photo-field";
import { t } from "../i18n/residents";
import { ground } from "./residents";
import { followedNumber, rememberReport, showTab, type FollowedReport } from "./state";
import { Whereabouts } from "./whereabouts";

const NEAR_ZOOM = 15;

interface Sent {
  number: string;
  photoProblem: string | null;
}

export function Report() {
  const sent = useSignal<Sent | null>(null);
  return sent.value === null ? (
    <ReportForm onSent={(made) => (sent.value = made)} />
  ) : (
    <Thanks sent={sent.value} onAnother={() => (sent.value = null)} />
  );
}

function ReportForm({ onSent }: { onSent: (sent: Sent) => void }) {
  const text = useSignal("");
  const place = useSignal<Position | null>(null);
  const photo = useSignal<Blob | null>(null);
  const problem = useSignal<string | null>(null);
  const isSending = useSignal(false);
  const mark = () => {
    const map = ground.value;
    if (map === null) return;
    // From so far away a place would be off by streets: come nearer first.
    if (map.zoom() < NEAR_ZOOM) map.moveTo(map.centre(), NEAR_ZOOM);
    else place.value = map.centre();
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    isSending.value = true;
    problem.value = null;
    try {
      onSent(await sendReport(text.value, place.value, photo.value));
    } catch (error) {
      problem.value = sentenceOf(error);
    }
    isSending.value = false;
  };
  return (
    <form class="report" onSubmit={(event) => void submit(event)}>
      <label>
        <h2>{t("what")}</h2>
        <textarea
          required
          rows={3}
          maxLength={2000}
          placeholder={t("whatHint")}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      <h2>{t("place")}</h2>
      <Whereabouts otherwise={place.value === null ? t("placeHint") : t("placeSet")} />
      <div class="choices">
        <button type="button" onClick={mark}>
          {t("thisPlace")}
        </button>
        {place.value !== null && (
          <button type="button" class="quiet" onClick={() => (place.value = null)}>
            {t("placeClear")}
          </button>
        )}
      </div>
      {place.value === null && <p class="hint">{t("noPlace")}</p>}
      <PhotoField
        photo={photo.value}
        onPhoto={(taken) => (photo.value = taken)}
        texts={{ take: t("photo"), again: t("photoAgain"), of: t("photoOf"), bad: t("photoBad") }}
      />
      <Problem sentence={problem.value} />
      <button type="submit" class="primary" disabled={isSending.value}>
        {isSending.value ? t("sending") : t("send")}
      </button>
    </form>
  );
}

/** Send the words, then the photo: the words count even where the photo is lost. */
async function sendReport(text: string, place: Position | null, photo: Blob | null): Promise<Sent> {
  const where = place === null ? {} : { lon: place[0], lat: place[1] };
  const { case_number: number } = await request<FollowedReport>("/public/reports", {
    method: "POST",
    body: { description: text, ...where },
  });
  rememberReport(number);
  if (photo === null) return { number, photoProblem: null };
  try {
    await request(`/public/reports/${number}/photo`, { method: "PUT", body: photo });
    return { number, photoProblem: null };
  } catch (error) {
    return { number, photoProblem: sentenceOf(error) };
  }
}

function Thanks({ sent, onAnother }: { sent: Sent; onAnother: () => void }) {
  const follow = () => {
    followedNumber.value = sent.number;
    showTab("follow");
  };
  return (
    <section class="thanks" role="status">
      <h2>{t("thanks")}</h2>
      <p class="case-number">{t("number", { number: sent.number })}</p>
      <p>{t("keepNumber")}</p>
      {sent.photoProblem !== null && <Problem sentence={t("photoLost", { problem: sent.photoProblem })} />}
      <div class="choices">
        <button type="button" class="primary" onClick={follow}>
          {t("follow")}
        </button>
        <button type="button" onClick={onAnother}>
          {t("another")}
        </button>
      </div>
    </section>
  );
}
