/** The card at the right: all about what is selected. */
import type { ComponentChildren } from "preact";

import { Icon } from "../components/icons";
import { t } from "../i18n/catalogue";
import { isServer, selection, type ServerKind } from "../state/address";
import { vehiclesById } from "../state/fleet";
import { facilitiesById, pointsById } from "../state/register";
import { serverName } from "../format/alarm-sentence";
import { openAlarmsOf } from "../state/alarms";
import { CardAlarms } from "./alarm-parts";
import { FacilityCard } from "./facility-card";
import { PointCard } from "./point-card";
import { TruckCard } from "./truck-card";

export function Card() {
  const chosen = selection.value;
  if (chosen === null) return null;
  const truck = chosen.kind === "vehicle" ? vehiclesById.value.get(chosen.id) : undefined;
  const point = chosen.kind === "point" ? pointsById.value.get(chosen.id) : undefined;
  const facility = chosen.kind === "facility" ? facilitiesById.value.get(chosen.id) : undefined;
  const key = `${chosen.kind}:${chosen.id}`;
  return (
    <aside class="card" aria-label={chosen.id}>
      <button type="button" class="quiet icon-button card-close" aria-label={t("card.close")} onClick={close}>
        <Icon name="close" />
      </button>
      {truck && <TruckCard key={key} truck={truck} />}
      {point && <PointCard key={key} point={point} />}
      {facility && <FacilityCard key={key} facility={facility} />}
      {isServer(chosen.kind) && <ServerCard key={key} kind={chosen.kind} id={chosen.id} />}
      {!truck && !point && !facility && !isServer(chosen.kind) && <p class="notice">{t("app.notFoundHere")}</p>}
    </aside>
  );
}

function ServerCard({ kind, id }: { kind: ServerKind; id: string }) {
  return (
    <>
      <CardHead kind={t("card.system")} name={serverName(id)} code={serverName(id)} />
      <CardAlarms kind={kind} id={id} />
      {openAlarmsOf(kind, id).length === 0 && <p class="notice">{t("alarms.empty")}</p>}
    </>
  );
}

function close(): void {
  selection.value = null;
}

/** A card's heading: what it is, its name and its code. */
export function CardHead({
  kind,
  name,
  code,
  children,
}: {
  kind: string;
  name: string;
  code: string;
  children?: ComponentChildren;
}) {
  return (
    <header class="card-head">
      <span class="card-kind">{kind}</span>
      <h2>{name}</h2>
      {name !== code && <span class="card-code">{code}</span>}
      {children}
    </header>
  );
}

/** One line of a card; left out where there is nothing to say. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (children === null || children === undefined || children === "") return null;
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
