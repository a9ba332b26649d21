/** The day's figures: the town's in the top bar, and by zone, contractor, vehicle or hour in the panel. */
import { signal } from "@preact/signals";

import type { ClearanceFigures, FigureGroup } from "../api/types";
import { loaded } from "./loading";

export type FigureView = Exclude<FigureGroup, "town"> | "day";
export const FIGURE_VIEWS: readonly FigureView[] = ["zone", "contractor", "vehicle", "hour", "day"];

export const townFigures = loaded<ClearanceFigures | null>(null);
export const groupedFigures = loaded<ClearanceFigures[]>([]);
/** How the panel groups the figures. */
export const figureView = signal<FigureView>("zone");
