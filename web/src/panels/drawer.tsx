/** The drawer below the map that holds the open panel. */
import { Icon } from "../components/icons";
import { t } from "../i18n/catalogue";
import { panel } from "../state/address";
import { viewedDate } from "../state/clock";
import { showDate } from "../format/show";
import { FiguresPanel } from "./figures-panel";
import { PlanPanel } from "./plan-panel";

export function Drawer() {
  const open = panel.value;
  if (open === null) return null;
  const heading = open === "plan" ? t("plan.heading") : t("figures.heading");
  return (
    <section class="drawer" aria-label={heading}>
      <header class="drawer-head">
        <h2>{heading}</h2>
        <span class="drawer-date">{viewedDate.value === "" ? "" : showDate(viewedDate.value)}</span>
        <button
          type="button"
          class="quiet icon-button"
          aria-label={t("app.close")}
          onClick={() => (panel.value = null)}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="drawer-body">{open === "plan" ? <PlanPanel /> : <FiguresPanel />}</div>
    </section>
  );
}
