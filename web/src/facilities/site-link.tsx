/** Works that are tried, in words, and the way to them on the map. */
import { t } from "../i18n/facilities";
import { facilitiesById } from "../state/register";
import { ground } from "./state";
import { placeOf, type Change } from "./trial";

const SITE_ZOOM = 15;

/** What is done where, and the way to it on the map. */
export function SiteLink({ change }: { change: Change }) {
  const show = () => {
    const place = placeOf(change);
    if (place !== null) ground.value?.moveTo(place, SITE_ZOOM);
  };
  return (
    <button type="button" class="link" onClick={show}>
      {changeText(change)}
    </button>
  );
}

/** What is done to which facility, in words. */
export function changeText(change: Change): string {
  const name = change.name ?? facilitiesById.value.get(change.facility_id)?.name ?? change.facility_id;
  return t(`work.${change.kind}`, { name });
}
