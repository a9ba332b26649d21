/** The photo of a driver's report; it needs the token, so that it is fetched and then shown. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { requestFile } from "../api/client";
import { sentenceOf } from "../api/problem";
import { Problem } from "../components/notice";
import { t } from "../i18n/office";

export function ReportPhoto({ reportId, pointId }: { reportId: string; pointId: string }) {
  const address = useSignal<string | null>(null);
  const problem = useSignal<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let isAlive = true;
    requestFile(`/driver/reports/${reportId}/photo`, "image/*")
      .then((photo) => {
        if (isAlive) address.value = made = URL.createObjectURL(photo);
      })
      .catch((error: unknown) => (problem.value = sentenceOf(error)));
    return () => {
      isAlive = false;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [reportId]);
  return (
    <>
      <Problem sentence={problem.value} />
      {address.value !== null && <img class="report-photo" src={address.value} alt={t("photo", { point: pointId })} />}
    </>
  );
}
