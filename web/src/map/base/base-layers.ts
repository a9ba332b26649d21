/** A base map as MapLibre draws it; loaded only where a setting names one. */
import { addProtocol, type LayerSpecification, type SourceSpecification } from "maplibre-gl";
import { PMTiles, Protocol } from "pmtiles";

import { theme } from "../../state/theme";
import { BASE_SOURCE } from "../style";
import type { BaseMap } from "./base-map";
import { picturesOf, type ReadTile } from "./pictures";
import { vectorLayers } from "./vector-layers";

const PICTURES = "base-pictures";
const TILE_PX = 256;

/** What a base map adds to the page's style; the layers are made anew for each theme. */
export interface BaseLayers {
  source: SourceSpecification;
  layers: (font: string[]) => LayerSpecification[];
}

/** Make the base map drawable: its tiles are read as the map asks for them. */
export function prepareBase(base: BaseMap): BaseLayers {
  const archiveUrl = new URL(base.url, location.href).href;
  if (base.kind === "vector") {
    const protocol = new Protocol();
    addProtocol("pmtiles", protocol.tile);
    return {
      source: { type: "vector", url: `pmtiles://${archiveUrl}` },
      layers: (font) => vectorLayers(BASE_SOURCE, font),
    };
  }
  const isShifted = base.crs === "gcj02";
  const isOurOwn = base.is_archive || isShifted;
  if (isOurOwn) {
    const give = picturesOf(base.is_archive ? fromArchive(archiveUrl) : fromServer(base.url), isShifted);
    addProtocol(PICTURES, async ({ url }) => {
      const [zoom = 0, x = 0, y = 0] = url.replace(`${PICTURES}://`, "").split("/").map(Number);
      return { data: await give(zoom, x, y) };
    });
  }
  return {
    source: {
      type: "raster",
      tiles: [isOurOwn ? `${PICTURES}://{z}/{x}/{y}` : base.url],
      tileSize: TILE_PX,
      maxzoom: base.max_zoom,
    },
    layers: pictureLayers,
  };
}

/** Pictures are drawn for the day: in the dark theme they are dimmed. */
function pictureLayers(): LayerSpecification[] {
  const isDark = theme.peek() === "dark";
  const paint = isDark ? { "raster-brightness-max": 0.5, "raster-saturation": -0.4 } : { "raster-saturation": -0.2 };
  return [{ id: "base-pictures", type: "raster", source: BASE_SOURCE, paint: { ...paint, "raster-fade-duration": 0 } }];
}

function fromArchive(url: string): ReadTile {
  const archive = new PMTiles(url);
  return async (zoom, x, y) => {
    const found = await archive.getZxy(zoom, x, y);
    return found === undefined ? null : new Blob([found.data]);
  };
}

function fromServer(template: string): ReadTile {
  return async (zoom, x, y) => {
    const url = template.replace("{z}", `${zoom}`).replace("{x}", `${x}`).replace("{y}", `${y}`);
    const answer = await fetch(url, { referrerPolicy: "no-referrer" });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`The base map's server answered ${answer.status}.`);
    return answer.blob();
  };
}
