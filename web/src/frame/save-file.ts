/** Gives a person a file that the page has, as a download. */

/** Save `content` under `name`; the browser asks where, or not, as it is set. */
export function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
