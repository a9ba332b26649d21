/** The ground map's place on a page: it is loaded after the rest, and the page works without it. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { sentenceOf } from "../api/problem";
import { Icon } from "../components/icons";
import { Problem } from "../components/notice";
import { t } from "../i18n/catalogue";
import { findBase } from "../map/base/base-map";
import { BaseNote } from "../map/base/base-note";
import type { Box } from "../map/features";
import type { Ground, OnPick, Overlay } from "./ground";
import { groundPlace } from "./ground-place";

interface GroundMapProps {
  label: string;
  /** GeoJSON by source: the ground's own (`streets`, `zones`, `zone-labels`, `facilities`, `points`) and the page's. */
  data: Readonly<Record<string, GeoJSON.GeoJSON>>;
  overlays: readonly Overlay[];
  pickable?: readonly string[];
  onPick?: OnPick;
  /** What is brought into view each time it is another, unless somebody has put the map elsewhere. */
  box: Box | null;
  /** What somebody has chosen to look at: another one is brought into view, wherever the map was put for the last. */
  subject?: string;
  onGround?: (ground: Ground | null) => void;
  children?: ComponentChildren;
}

export function GroundMap(props: GroundMapProps) {
  const box = useRef<HTMLDivElement>(null);
  const ground = useSignal<Ground | null>(null);
  const problem = useSignal<string | null>(null);
  const newest = useRef(props);
  newest.current = props;
  useEffect(() => {
    let isAlive = true;
    Promise.all([import("./ground"), findBase()])
      .then(([{ createGround }, base]) => {
        if (!isAlive || box.current === null) return;
        const onPick: OnPick = (...picked) => newest.current.onPick?.(...picked);
        ground.value = createGround(box.current, props.overlays, props.pickable ?? [], onPick, base, groundPlace);
        newest.current.onGround?.(ground.value);
      })
      .catch((error: unknown) => (problem.value = hasWebgl() ? sentenceOf(error) : t("map.noWebgl")));
    return () => {
      isAlive = false;
      newest.current.onGround?.(null);
      ground.value?.remove();
      ground.value = null;
    };
  }, []);
  const made = ground.value;
  useEffect(() => {
    for (const [source, data] of Object.entries(props.data)) made?.setData(source, data);
  }, [made, ...Object.values(props.data)]);
  const around = props.box?.join() ?? "";
  const subject = props.subject ?? "";
  const shownSubject = useRef(subject);
  const bringIntoView = () => {
    if (groundPlace.peek() === null && props.box !== null) made?.fit(props.box);
  };
  useEffect(() => {
    if (subject !== shownSubject.current) groundPlace.value = null;
    shownSubject.current = subject;
    bringIntoView();
  }, [made, around, subject]);
  return (
    <div class="ground">
      <div class="map-canvas" ref={box} role="region" aria-label={props.label} />
      <Problem sentence={problem.value} />
      {made !== null && (
        <div class="ground-buttons">
          <button type="button" aria-label={t("map.zoomIn")} title={t("map.zoomIn")} onClick={() => made.zoomBy(1)}>
            <Icon name="plus" />
          </button>
          <button type="button" aria-label={t("map.zoomOut")} title={t("map.zoomOut")} onClick={() => made.zoomBy(-1)}>
            <Icon name="minus" />
          </button>
          {groundPlace.value !== null && (
            <button
              type="button"
              aria-label={t("map.unmoved")}
              title={t("map.unmoved")}
              onClick={() => {
                groundPlace.value = null;
                bringIntoView();
              }}
            >
              <Icon name="frame" />
            </button>
          )}
        </div>
      )}
      {props.children}
      <BaseNote />
    </div>
  );
}

function hasWebgl(): boolean {
  return document.createElement("canvas").getContext("webgl2") !== null;
}
