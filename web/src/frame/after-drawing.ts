/** Work that waits until the browser has drawn what is there. */

/** Call `work` when the next frame has been drawn; returns what calls it off. */
export function afterDrawing(work: () => void): () => void {
  let task: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => (task = setTimeout(work)));
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(task);
  };
}
