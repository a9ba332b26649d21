/** The marks of states in lists and legends: the same shapes and colours as on the map. */
import type { Facility } from "../api/types";
import type { AlarmState } from "../state/alarms";
import type { TruckState } from "../state/fleet";
import type { PointState } from "../state/visits";

/** The mark of a collection point's state. */
export function PointMark({ state }: { state: PointState }) {
  return (
    <svg class={`mark mark-${state}`} viewBox="0 0 18 18" aria-hidden="true">
      {state === "not_due" && <circle cx="9" cy="9" r="3.2" class="body" />}
      {state === "pending" && <circle cx="9" cy="9" r="5.6" class="ring" />}
      {state === "due" && (
        <>
          <rect x="2.5" y="2.5" width="13" height="13" rx="2" class="body" />
          <circle cx="9" cy="9" r="2.4" class="ink-fill" />
        </>
      )}
      {state === "cleared" && (
        <>
          <circle cx="9" cy="9" r="7" class="body" />
          <path d="M5.8 9.3 8.1 11.6 12.3 6.6" class="ink" />
        </>
      )}
      {state === "missed" && (
        <>
          <path d="M9 .8 17.2 9 9 17.2.8 9Z" class="body" />
          <path d="M6.5 6.5 11.5 11.5M11.5 6.5 6.5 11.5" class="ink" />
        </>
      )}
    </svg>
  );
}

/** The mark of a truck's state. */
export function TruckMark({ state }: { state: TruckState }) {
  const known = state === "driving" || state === "standing";
  return (
    <svg class={`mark truck-mark ${known ? "known" : "hollow"} ${state}`} viewBox="0 0 22 22" aria-hidden="true">
      <circle cx="11" cy="11" r="9" class="body" />
      {state === "driving" && <path d="M11 5 15.5 15.5 11 13 6.5 15.5Z" class="ink-fill" />}
      {state === "standing" && <rect x="7.8" y="7.8" width="6.4" height="6.4" class="ink-fill" />}
      {!known && <path d="M7.5 7.5 14.5 14.5M14.5 7.5 7.5 14.5" class="ink" />}
    </svg>
  );
}

/** The mark of an alarm: it calls, somebody has seen it, or it is over. */
export function AlarmMark({ state }: { state: AlarmState }) {
  return (
    <svg class={`mark alarm-mark ${state}`} viewBox="0 0 18 18" aria-hidden="true">
      {state === "cleared" ? (
        <path d="M4 9.5 7.6 13 14 5.5" class="line" />
      ) : (
        <>
          <path d="M9 1.8 16.8 15.6H1.2Z" class="body" />
          <path d="M9 6.6V10.4M9 13v.1" class="ink" />
        </>
      )}
    </svg>
  );
}

/** A small square in the colour and outline that the facility has on the map. */
export function FacilityMark({ facility }: { facility: Facility }) {
  const idle = facility.status === "in_service" ? "" : " idle";
  return <span class={`facility-mark ${facility.kind}${idle}`} aria-hidden="true" />;
}
