/** Where somebody is: told by the phone when asked. */
import { useSignal } from "@preact/signals";

import { t } from "../i18n/residents";
import { setHere } from "./state";

const LONGEST_SEARCH_MS = 10_000;

export function Whereabouts({ otherwise }: { otherwise: string }) {
  const state = useSignal<"idle" | "locating" | "failed">("idle");
  const locate = () => {
    state.value = "locating";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        state.value = "idle";
        setHere([coords.longitude, coords.latitude]);
      },
      () => (state.value = "failed"),
      { enableHighAccuracy: true, timeout: LONGEST_SEARCH_MS, maximumAge: 30_000 },
    );
  };
  return (
    <div class="whereabouts">
      <button type="button" class="primary" onClick={locate} disabled={state.value === "locating"}>
        {state.value === "locating" ? t("locating") : t("here")}
      </button>
      <span role="status">{state.value === "failed" ? t("notLocated") : otherwise}</span>
    </div>
  );
}
