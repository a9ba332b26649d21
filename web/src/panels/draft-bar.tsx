/** The draft that is shown: what it costs more than the plan it revises, what it breaks, undo and publish. */
import type { PlanSummary } from "../api/types";
import { Icon } from "../components/icons";
import { Problem } from "../components/notice";
import { showChange, showNumber, showTime } from "../format/show";
import { t } from "../i18n/catalogue";
import { panel } from "../state/address";
import { cancel, isRunning, planBusy, progressByPlan, publish, showPlanView } from "../state/plans";
import {
  beforeDraft,
  brokenByPlan,
  isRevising,
  mayRevise,
  priceByPlan,
  revisionProblem,
  shownDraft,
  undo,
} from "../state/revising";
import { mayPlan } from "../state/session";
import { BrokenRules, PriceOf } from "./best-places";

export function DraftBar() {
  const draft = shownDraft.value;
  if (draft === null) {
    return mayRevise.value && isRevising.value ? <p class="draft-bar loading">{t("revise.working")}</p> : null;
  }
  const broken = brokenByPlan.value.get(draft.id) ?? [];
  return (
    <section class="draft-bar" aria-label={t("revise.draft")}>
      <strong class="draft-name">{t("revise.draftOf", { time: showTime(draft.requested_at) })}</strong>
      <span class="draft-change" role="status">
        <Change draft={draft} />
        {draft.status === "ready" && brokenByPlan.value.has(draft.id) && broken.length === 0 && (
          <span class="draft-whole">{t("revise.breaksNothing")}</span>
        )}
      </span>
      <DraftButtons draft={draft} />
      {broken.length > 0 && (
        <div class="draft-broken">
          <Icon name="warning" />
          <span>{t("revise.breaks", { count: broken.length })}</span>
          <BrokenRules rules={broken} />
        </div>
      )}
      <Problem sentence={revisionProblem.value} />
    </section>
  );
}

function Change({ draft }: { draft: PlanSummary }) {
  const before = beforeDraft.value;
  if (isRunning(draft)) {
    const newest = progressByPlan.value.get(draft.id)?.at(-1);
    return (
      <span class="loading">
        {newest === undefined
          ? t(`planStatus.${draft.status}`)
          : t("revise.costSoFar", { cost: showNumber(newest.cost), unserved: newest.unserved })}
      </span>
    );
  }
  if (draft.status !== "ready" || before === null) return <span>{t(`planStatus.${draft.status}`)}</span>;
  const of = (name: "cost" | "distance_m" | "duration_s" | "served") => (draft[name] ?? 0) - (before[name] ?? 0);
  const price = priceByPlan.value.get(draft.id);
  return (
    <>
      {price !== undefined && (
        <span>
          {t("revise.thisChange")} <PriceOf place={price} />
        </span>
      )}
      {t("revise.change", {
        time: showTime(before.requested_at),
        cost: showChange(of("cost"), 1),
        km: showChange(of("distance_m") / 1000, 1),
        minutes: showChange(of("duration_s") / 60),
        served: showChange(of("served")),
      })}
    </>
  );
}

function DraftButtons({ draft }: { draft: PlanSummary }) {
  const compare = () => {
    panel.value = "plan";
    showPlanView("compare");
  };
  return (
    <span class="draft-buttons">
      {isRunning(draft) && mayPlan.value && (
        <button type="button" disabled={planBusy.value !== null} onClick={() => void cancel(draft.id)}>
          {t("plan.cancel")}
        </button>
      )}
      <button type="button" onClick={undo}>
        {t("revise.undo")}
      </button>
      {draft.status === "ready" && (
        <button type="button" onClick={compare}>
          {t("revise.compare")}
        </button>
      )}
      {draft.status === "ready" && mayPlan.value && (
        <button
          type="button"
          class="primary"
          title={t("plan.publishHint")}
          disabled={planBusy.value !== null}
          onClick={() => void publish(draft.id)}
        >
          {planBusy.value === "publish" ? t("plan.publishing") : t("plan.publish")}
        </button>
      )}
    </span>
  );
}
