/** The drawer below the map that holds the open panel. */
import { Icon } from "../components/icons";
import { later } from "../components/later";
import { t } from "../i18n/catalogue";
import { panel, type Panel } from "../state/address";
import { viewedDate } from "../state/clock";
import { showDate } from "../format/show";

// With their charts, the panels are a third of the desk's own script.
const PlanPanel = later(async () => (await import("./plan-panel")).PlanPanel);
const TimelinePanel = later(async () => (await import("../timeline/timeline-panel")).TimelinePanel);
const FiguresPanel = later(async () => (await import("./figures-panel")).FiguresPanel);

const HEADINGS: Record<Panel, () => string> = {
  plan: () => t("plan.heading"),
  timeline: () => t("tab.timeline"),
  figures: () => t("figures.heading"),
};

export function Drawer() {
  const open = panel.value;
  if (open === null) return null;
  const heading = HEADINGS[open]();
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
      <div class="drawer-body">
        {open === "plan" && <PlanPanel />}
        {open === "timeline" && <TimelinePanel />}
        {open === "figures" && <FiguresPanel />}
      </div>
    </section>
  );
}
