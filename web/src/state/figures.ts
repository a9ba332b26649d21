/** The day's figures: the town's in the top bar, and by zone, contractor, vehicle or hour in the panel. */
import { computed } from "@preact/signals";

import type { ClearanceFigures, FigureGroup } from "../api/types";
import { figuresBy } from "./address";
import { loaded } from "./loading";

export type FigureView = Exclude<FigureGroup, "town"> | "day";
export const FIGURE_VIEWS: readonly FigureView[] = ["zone", "contractor", "vehicle", "hour", "day"];
const USUAL_VIEW = "zone";

export const townFigures = loaded<ClearanceFigures | null>(null);
export const groupedFigures = loaded<ClearanceFigures[]>([]);
/** How the panel groups the figures. */
export const figureView = computed<FigureView>(
  () => FIGURE_VIEWS.find((name) => name === figuresBy.value) ?? USUAL_VIEW,
);
export const showFiguresBy = (name: FigureView) => (figuresBy.value = name === USUAL_VIEW ? "" : name);
