/** The route as GPX, for a navigation that follows one. */
import { useSignal } from "@preact/signals";

import { requestFile } from "../api/client";
import { sentenceOf } from "../api/problem";
import { Problem } from "../components/notice";
import { saveFile } from "../frame/save-file";
import { t } from "../i18n/driver";
import { route } from "./day";

export function GpxButton() {
  const problem = useSignal<string | null>(null);
  const of = route.value;
  if (of?.plan_id === null || of === null) return null;
  const fetchIt = async () => {
    problem.value = null;
    try {
      const path = `/plans/${of.plan_id ?? ""}/routes/${encodeURIComponent(of.vehicle_id)}`;
      saveFile(await requestFile(path, "application/gpx+xml"), `${of.vehicle_id}-${of.service_date}.gpx`);
    } catch (error) {
      problem.value = t("gpxFailed", { problem: sentenceOf(error) });
    }
  };
  return (
    <>
      <button type="button" onClick={() => void fetchIt()}>
        {t("gpx")}
      </button>
      <Problem sentence={problem.value} />
    </>
  );
}
