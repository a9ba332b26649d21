/** The map's icons, drawn on a canvas in the theme's colours: states differ in shape as well as in colour. */
import { token } from "../state/theme";
import { POINT_STATES, type PointState } from "../state/visits";
import type { TruckState } from "../state/fleet";
import { STATION_STEPS } from "./features";
import { TRUCK_STATES } from "./truck-vertices";

/** Icons are drawn at twice their size, for sharp screens. */
export const ICON_PIXEL_RATIO = 2;

/** The width and height of a truck's icon, in CSS pixels. */
export const TRUCK_ICON_PX = 34;

type Draw = (pen: CanvasRenderingContext2D, size: number) => void;

/** Return all icons by name; sizes are in CSS pixels times `ICON_PIXEL_RATIO`. */
export function drawIcons(): ReadonlyMap<string, ImageData> {
  const icons = new Map<string, ImageData>();
  for (const state of POINT_STATES) icons.set(`point-${state}`, draw(18, pointIcon(state)));
  for (const state of TRUCK_STATES) icons.set(`truck-${state}`, draw(TRUCK_ICON_PX, truckIcon(state)));
  for (let step = 0; step <= STATION_STEPS; step++) icons.set(`station-${step}`, draw(26, stationIcon(step)));
  icons.set("alarm", draw(16, alarmIcon));
  icons.set("station-idle", draw(26, facilityIcon("facility", stationGlyph, true)));
  for (const [name, glyph, colour] of FACILITY_GLYPHS) {
    icons.set(name, draw(22, facilityIcon(colour, glyph, false)));
    icons.set(`${name}-idle`, draw(22, facilityIcon(colour, glyph, true)));
  }
  return icons;
}

function draw(size: number, paint: Draw): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * ICON_PIXEL_RATIO;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (pen === null) throw new Error("This browser gives no 2D canvas, which the map's icons need.");
  pen.scale(ICON_PIXEL_RATIO, ICON_PIXEL_RATIO);
  pen.lineJoin = pen.lineCap = "round";
  paint(pen, size);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function disc(pen: CanvasRenderingContext2D, size: number, radius: number): void {
  pen.beginPath();
  pen.arc(size / 2, size / 2, radius, 0, Math.PI * 2);
}

function line(pen: CanvasRenderingContext2D, ...places: [number, number][]): void {
  pen.beginPath();
  places.forEach(([x, y], index) => (index === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
}

/** Cleared: filled disc with a tick. Due: filled square. Pending: ring. Missed: diamond with a cross. */
function pointIcon(state: PointState): Draw {
  return (pen, size) => {
    const middle = size / 2;
    const colour = token(`state-${state}`);
    pen.strokeStyle = token("map-halo");
    pen.fillStyle = colour;
    pen.lineWidth = 1.5;
    switch (state) {
      case "not_due":
        disc(pen, size, 3);
        break;
      case "pending":
        disc(pen, size, 5.5);
        pen.fillStyle = token("map-halo");
        pen.fill();
        pen.strokeStyle = colour;
        pen.lineWidth = 2.5;
        pen.stroke();
        return;
      case "due":
        pen.beginPath();
        pen.roundRect(middle - 6, middle - 6, 12, 12, 2);
        break;
      case "cleared":
        disc(pen, size, 6.5);
        break;
      case "missed":
        line(pen, [middle, 0.8], [size - 0.8, middle], [middle, size - 0.8], [0.8, middle]);
        pen.closePath();
        break;
    }
    pen.fill();
    pen.stroke();
    markPoint(pen, state, middle);
  };
}

function markPoint(pen: CanvasRenderingContext2D, state: PointState, middle: number): void {
  pen.lineWidth = 1.8;
  pen.strokeStyle = pen.fillStyle = token("map-halo");
  if (state === "cleared") {
    line(pen, [middle - 3, middle + 0.2], [middle - 0.8, middle + 2.4], [middle + 3.2, middle - 2.4]);
    pen.stroke();
  } else if (state === "missed") {
    line(pen, [middle - 2.3, middle - 2.3], [middle + 2.3, middle + 2.3]);
    pen.stroke();
    line(pen, [middle + 2.3, middle - 2.3], [middle - 2.3, middle + 2.3]);
    pen.stroke();
  } else if (state === "due") {
    disc(pen, middle * 2, 2.2);
    pen.fill();
  }
}

/** Driving: disc with an arrow ahead (north up, the map turns it). Standing: disc with a square. Silent: hollow. */
function truckIcon(state: TruckState): Draw {
  return (pen, size) => {
    const middle = size / 2;
    const body = token("map-truck");
    const ink = token("map-truck-ink");
    const known = state === "driving" || state === "standing";
    if (state === "driving") {
      line(pen, [middle, 0.8], [middle + 9, middle - 4], [middle - 9, middle - 4]);
      pen.closePath();
      pen.fillStyle = body;
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = ink;
      pen.stroke();
    }
    disc(pen, size, 10.5);
    pen.fillStyle = known ? body : token("surface");
    pen.fill();
    pen.lineWidth = known ? 1.5 : 2;
    pen.strokeStyle = known ? ink : body;
    if (state === "driving") return pointAhead(pen, middle);
    if (!known) pen.setLineDash(state === "stale" ? [3, 3.5] : []);
    pen.stroke();
    pen.setLineDash([]);
    markTruck(pen, state, middle);
  };
}

/** The arrow of a driving truck: its nose joins the disc, with one rim around both. */
function pointAhead(pen: CanvasRenderingContext2D, middle: number): void {
  pen.beginPath();
  pen.arc(middle, middle, 10.5, -Math.PI * 0.27, -Math.PI * 0.73);
  pen.stroke();
  markTruck(pen, "driving", middle);
}

function markTruck(pen: CanvasRenderingContext2D, state: TruckState, middle: number): void {
  pen.fillStyle = state === "driving" || state === "standing" ? token("map-truck-ink") : token("map-truck");
  pen.strokeStyle = pen.fillStyle;
  if (state === "driving") {
    line(pen, [middle, middle - 6], [middle + 5, middle + 5], [middle, middle + 2.4], [middle - 5, middle + 5]);
    pen.closePath();
    pen.fill();
  } else if (state === "standing") {
    pen.fillRect(middle - 3.5, middle - 3.5, 7, 7);
  } else {
    pen.lineWidth = 2;
    line(pen, [middle - 4, middle - 4], [middle + 4, middle + 4]);
    pen.stroke();
    line(pen, [middle + 4, middle - 4], [middle - 4, middle + 4]);
    pen.stroke();
  }
}

/** A triangle with a bang, as alarms have in the lists. */
function alarmIcon(pen: CanvasRenderingContext2D, size: number): void {
  line(pen, [size / 2, 1.5], [size - 1, size - 2], [1, size - 2]);
  pen.closePath();
  pen.fillStyle = token("state-missed");
  pen.fill();
  pen.lineWidth = 1.4;
  pen.strokeStyle = token("map-halo");
  pen.stroke();
  pen.lineWidth = 1.8;
  line(pen, [size / 2, 6], [size / 2, 9.2]);
  pen.stroke();
  line(pen, [size / 2, 11.7], [size / 2, 11.8]);
  pen.stroke();
}

/** A station is a box that fills with the day's share of its design throughput; over it, it has a red rim and bang. */
function stationIcon(step: number): Draw {
  return (pen, size) => {
    const over = step === STATION_STEPS;
    const inner = size - 8;
    const share = Math.min(1, step / (STATION_STEPS - 1));
    pen.beginPath();
    pen.roundRect(2, 2, size - 4, size - 4, 4);
    pen.fillStyle = token("surface");
    pen.fill();
    pen.strokeStyle = token(over ? "state-missed" : "map-facility");
    pen.lineWidth = 2.5;
    pen.stroke();
    pen.fillStyle = pen.strokeStyle;
    pen.fillRect(4, 4 + inner * (1 - share), inner, inner * share);
    pen.strokeStyle = share > 0.5 ? token("surface") : token("map-facility");
    stationGlyph(pen, size);
  };
}

/** Two arrows that meet: refuse is compressed. */
function stationGlyph(pen: CanvasRenderingContext2D, size: number): void {
  const middle = size / 2;
  pen.lineWidth = 1.8;
  line(pen, [middle - 4, middle - 5], [middle, middle - 1.2], [middle + 4, middle - 5]);
  pen.stroke();
  line(pen, [middle - 4, middle + 5], [middle, middle + 1.2], [middle + 4, middle + 5]);
  pen.stroke();
}

function facilityIcon(colour: string, glyph: Draw, idle: boolean): Draw {
  return (pen, size) => {
    pen.beginPath();
    pen.roundRect(2, 2, size - 4, size - 4, 4);
    pen.fillStyle = idle ? token("surface") : token(`map-${colour}`);
    pen.fill();
    pen.lineWidth = 1.5;
    pen.strokeStyle = idle ? token(`map-${colour}`) : token("surface");
    if (idle) pen.setLineDash([2.5, 2.5]);
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = pen.fillStyle = idle ? token(`map-${colour}`) : token("map-facility-ink");
    glyph(pen, size);
  };
}

/** A house with a gate. */
const depotGlyph: Draw = (pen, size) => {
  const middle = size / 2;
  pen.lineWidth = 1.7;
  line(pen, [5.5, middle], [middle, 5.5], [size - 5.5, middle]);
  pen.stroke();
  pen.fillRect(middle - 3.5, middle + 0.5, 7, 5);
};

/** A heap. */
const disposalGlyph: Draw = (pen, size) => {
  line(pen, [size / 2, 6], [size - 5, size - 6], [5, size - 6]);
  pen.closePath();
  pen.fill();
};

/** A man and a woman. */
const toiletGlyph: Draw = (pen, size) => {
  const middle = size / 2;
  for (const side of [-1, 1]) {
    pen.beginPath();
    pen.arc(middle + side * 3.4, middle - 3.8, 1.7, 0, Math.PI * 2);
    pen.fill();
    const x = middle + side * 3.4;
    if (side < 0) pen.fillRect(x - 1.6, middle - 1.2, 3.2, 6);
    else {
      line(pen, [x, middle - 1.6], [x + 2.6, middle + 4.8], [x - 2.6, middle + 4.8]);
      pen.closePath();
      pen.fill();
    }
  }
};

const FACILITY_GLYPHS: readonly [name: string, glyph: Draw, colour: string][] = [
  ["depot", depotGlyph, "facility"],
  ["disposal", disposalGlyph, "facility"],
  ["toilet", toiletGlyph, "toilet"],
];
