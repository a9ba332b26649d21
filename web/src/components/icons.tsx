/** The page's small line icons. */

const PATHS = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  frame: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  layers: "M12 3 3 8l9 5 9-5-9-5ZM3 13l9 5 9-5",
  close: "M6 6l12 12M18 6 6 18",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16.2 16.2 21 21",
  plan: "M6 4v8a4 4 0 0 0 4 4h8M18 16l-3-3M18 16l-3 3M6 4 3.5 6.5M6 4l2.5 2.5",
  figures: "M4 20V4M4 20h16M8.5 16v-4M13 16V7M17.5 16v-6",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  map: "M9 4 3 6.5v13L9 17l6 3 6-2.5v-13L15 7 9 4ZM9 4v13M15 7v13",
  theme: "M12 3a9 9 0 1 0 0 18ZM12 3a9 9 0 0 1 0 18",
  signOut: "M14 4H5v16h9M10 12h11M18 9l3 3-3 3",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  target: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM12 2v4M12 18v4M2 12h4M18 12h4",
  warning: "M12 4 2.8 20h18.4L12 4ZM12 10v4.5M12 17.3v.2",
  move: "M4 7h12M12 3l4 4-4 4M20 17H8M12 13l-4 4 4 4",
  timeline: "M3 6h9M8 12h10M5 18h13M12 3v18",
  play: "M7 4l13 8-13 8Z",
  pause: "M8 5v14M16 5v14",
  lock: "M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
} as const;

export type IconName = keyof typeof PATHS;

/** A line icon that takes the colour of the text around it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
