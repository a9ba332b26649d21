/** Whose the base map is, and that it cannot be had, in the map's corner. */
import { t } from "../../i18n/catalogue";
import { baseIsMissing, baseMap } from "./base-map";
import "./base-note.css";

export function BaseNote() {
  const base = baseMap.value;
  if (base === null || (base.attribution === "" && !baseIsMissing.value)) return null;
  return (
    <p class="base-note">
      {base.attribution}
      {baseIsMissing.value && <span role="status">{t("map.baseMissing")}</span>}
    </p>
  );
}
