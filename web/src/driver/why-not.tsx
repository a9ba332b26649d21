/** The question why a stop cannot be served: a reason, a note, a photo. */
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { PhotoField } from "../frame/photo-field";
import { t } from "../i18n/driver";
import { press, said } from "./day";
import { stopName } from "./next-stop";
import { REASONS, type Reason } from "./shapes";
import type { ShownStop } from "./stops";

const asked = signal<ShownStop | null>(null);

/** Ask why a stop cannot be served. */
export function askWhyNot(stop: ShownStop): void {
  asked.value = stop;
}

export function WhyNot() {
  const box = useRef<HTMLDialogElement>(null);
  const stop = asked.value;
  useEffect(() => {
    if (stop !== null) box.current?.showModal();
  }, [stop]);
  return (
    <dialog class="why-not" ref={box} aria-labelledby="why-not-title" onClose={() => (asked.value = null)}>
      {stop !== null && <Question stop={stop} onDone={() => box.current?.close()} />}
    </dialog>
  );
}

function Question({ stop, onDone }: { stop: ShownStop; onDone: () => void }) {
  const reason = useSignal<Reason | null>(null);
  const note = useSignal("");
  const photo = useSignal<Blob | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (reason.value === null) return;
    void press(stop, { reason: reason.value, note: note.value, photo: photo.value }).then(() => {
      said.value = t("toldNot", { stop: stopName(stop) });
      onDone();
    });
  };
  return (
    <form onSubmit={submit}>
      <h2 id="why-not-title">{t("whyTitle", { stop: stopName(stop) })}</h2>
      <fieldset>
        <legend class="visually-hidden">{t("notServed")}</legend>
        {REASONS.map((name) => (
          <label key={name} class="reason">
            <input type="radio" name="reason" value={name} required onChange={() => (reason.value = name)} />
            <span>{t(`reason.${name}`)}</span>
          </label>
        ))}
      </fieldset>
      <label class="note">
        <span>{t("note")}</span>
        <textarea rows={2} maxLength={500} onInput={(event) => (note.value = event.currentTarget.value)} />
      </label>
      <PhotoField
        photo={photo.value}
        onPhoto={(taken) => (photo.value = taken)}
        texts={{ take: t("photo"), again: t("photoAgain"), of: t("photoOf"), bad: t("photoBad") }}
      />
      <div class="actions">
        <button type="button" onClick={onDone}>
          {t("cancel")}
        </button>
        <button type="submit" class="primary">
          {t("send")}
        </button>
      </div>
    </form>
  );
}
