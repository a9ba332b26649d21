/** Photos as they are sent: made small enough for a weak network, and without what the camera wrote into them. */

const LONGEST_SIDE_PX = 1280;
const QUALITY = 0.72;

/** Return a smaller JPEG of a picture; drawing it anew leaves its place and device out. Throws where it is none. */
export async function shrink(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made === null ? reject(new Error("empty")) : resolve(made)), "image/jpeg", QUALITY);
  });
}
