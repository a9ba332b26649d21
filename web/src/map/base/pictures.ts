/** Tiles that are pictures, from an archive or a server, shifted where they are drawn in GCJ-02. */
import { partsOfTile } from "./shift";

/** Reads a tile's file; null where there is none. */
export type ReadTile = (zoom: number, x: number, y: number) => Promise<Blob | null>;

/** A shifted tile is made of up to four, which its neighbours need too. */
const KEPT_TILES = 96;

/** What the map asks no further for and draws a coarser tile instead. */
class NoTileError extends Error {
  readonly status = 404;
}

/** Return a function that gives tiles as pictures; it throws an error of status 404 where there is none. */
export function picturesOf(read: ReadTile, isShifted: boolean) {
  const picture = kept(async (zoom, x, y) => {
    const file = await read(zoom, x, y);
    return file === null ? null : createImageBitmap(file);
  });
  return async (zoom: number, x: number, y: number): Promise<ImageBitmap> => {
    const made = isShifted ? await shifted(picture, zoom, x, y) : await picture(zoom, x, y);
    if (made === null) throw new NoTileError(`There is no tile ${zoom}/${x}/${y}.`);
    return made;
  };
}

type GivePicture = (zoom: number, x: number, y: number) => Promise<ImageBitmap | null>;

async function shifted(picture: GivePicture, zoom: number, x: number, y: number): Promise<ImageBitmap | null> {
  // The size is not known before a tile is here; which tiles are needed does not depend on it by more than a pixel.
  const sizePx = (await picture(zoom, x, y))?.width ?? 256;
  const parts = partsOfTile(zoom, x, y, sizePx);
  const pictures = await Promise.all(parts.map((part) => picture(zoom, part.x, part.y)));
  if (pictures.every((each) => each === null)) return null;
  const canvas = new OffscreenCanvas(sizePx, sizePx);
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("This browser gives no 2D canvas, which a shifted base map needs.");
  parts.forEach((part, index) => {
    const each = pictures[index];
    if (each !== null && each !== undefined) pen.drawImage(each, part.leftPx, part.topPx, sizePx, sizePx);
  });
  return canvas.transferToImageBitmap();
}

/** The same, but it remembers the newest pictures; what failed is tried again. */
function kept(give: GivePicture): GivePicture {
  const byTile = new Map<string, Promise<ImageBitmap | null>>();
  return (zoom, x, y) => {
    const key = `${zoom}/${x}/${y}`;
    const known = byTile.get(key);
    byTile.delete(key);
    const promised = known ?? give(zoom, x, y);
    byTile.set(key, promised);
    if (known === undefined) promised.catch(() => byTile.delete(key));
    for (const oldest of byTile.keys()) {
      if (byTile.size <= KEPT_TILES) break;
      byTile.delete(oldest);
    }
    return promised;
  };
}
