/** The names of what the office looks at, from the register. */
import { t } from "../i18n/office";
import { contractorName, pointsById, zoneName } from "../state/register";
import { group, UNASSIGNED } from "./state";

/** The name of a zone or contractor, whichever the page is grouped by. */
export function groupName(key: string): string {
  if (key === UNASSIGNED) return t("unassigned");
  return (group.value === "zone" ? zoneName(key) : contractorName(key)) ?? key;
}

/** A point's name with its code. */
export function pointName(pointId: string): string {
  const name = pointsById.value.get(pointId)?.name ?? null;
  return name === null ? pointId : `${name} ${pointId}`;
}
